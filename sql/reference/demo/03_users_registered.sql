-- Users are registered by hand, for both clouds: now he is removed
SELECT outbox.register('accountview_net', 'users');
SELECT outbox.register('visma_net', 'users');
