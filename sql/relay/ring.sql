-- Messages were written for a lane that another relay has. In a statement of its own, after they are written.
SELECT outbox.ring()
