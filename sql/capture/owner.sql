ALTER FUNCTION @signature OWNER TO @owner;
