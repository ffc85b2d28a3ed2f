@old::record
OPERATOR(pg_catalog.*<>)
@new::record
