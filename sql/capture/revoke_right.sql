REVOKE @what;
