-- Can the chain be followed? It starts nowhere, so it leads nowhere.
SELECT FROM outbox.{function}('[]')
