COMMENT ON FUNCTION @signature IS @text;
