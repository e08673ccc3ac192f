-- The three roles of an installation.  Once per cluster, by a superuser:  psql -f sql/roles.sql postgres
-- then:  createdb -O otad_owner otad
-- How they sign in (peer, scram) is pg_hba.conf's matter; passwords are set by \password.
DO $$
DECLARE
    r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['otad_owner', 'otad_app', 'otad_jobs'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', r);
        END IF;
    END LOOP;
END $$;
COMMENT ON ROLE otad_owner IS 'otad: owns the schema, used by migrations only';
COMMENT ON ROLE otad_app IS 'otad: serves requests; owns nothing, sees one tenant per transaction';
COMMENT ON ROLE otad_jobs IS 'otad: jobs across tenants: fills the memory model, writes last_seen behind';
