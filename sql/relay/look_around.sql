-- May the relay sleep? Once every transaction older than the mark has ended, all that could have missed the flag is
-- visible: look once more, then sleep. (Comparing with pg_snapshot_xmax of then loses wake-ups: a transaction that is
-- running, and has checked the bell, may have an id below xmax and still commit later.) What was due long before this
-- look is not waited for: it was there to be claimed, and if it was not (the target is paused, or something else of its
-- key is under way), looking again and again would not help.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %(mark)s AS all_ended,
       (SELECT extract(epoch FROM min(m.due_at) - clock_timestamp())::float8
        FROM outbox.message AS m
        WHERE m.target = %(target)s AND m.status = 'pending'
          AND m.due_at > clock_timestamp() - interval '50 milliseconds'
          AND (%(lanes)s::integer[] IS NULL OR outbox.lane(m.resource, m.key, m.via, %(lane_count)s) = ANY (%(lanes)s::integer[]))) AS next_due_s
