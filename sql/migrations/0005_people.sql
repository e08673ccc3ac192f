-- People: roles in a table of their own, one-time links, second factors, and what a sign-in came from.
-- An older binary goes on: it reads account.role as it was, and finds in it that people made from now on may do nothing.

SET LOCAL search_path = otad;

ALTER TABLE change DROP CONSTRAINT change_kind_check;
ALTER TABLE change ADD CONSTRAINT change_kind_check
    CHECK (kind IN ('device', 'update', 'release', 'platform', 'api_key', 'gateway', 'account', 'role', 'link'));
COMMENT ON COLUMN change.key IS 'device_no, update_id, release_id, platform_id, api_key_id, gateway_token_id, account_id, role_id or link_id';

ALTER TABLE account
    ADD COLUMN created_by text NOT NULL DEFAULT 'otad',
    ADD COLUMN last_sign_in_at timestamptz,
    ALTER COLUMN password_hash DROP NOT NULL,
    ALTER COLUMN role SET DEFAULT 'none',
    DROP CONSTRAINT account_role_check;
ALTER TABLE account ADD CONSTRAINT account_role_check CHECK (role IN ('admin', 'manager', 'operator', 'viewer', 'none'));
COMMENT ON COLUMN account.role IS 'Read by binaries older than account_role alone';
COMMENT ON COLUMN account.password_hash IS 'argon2id, PHC string; NULL = invited or reset, and not joined yet';
COMMENT ON COLUMN account.created_by IS 'Who made it';
COMMENT ON COLUMN account.last_sign_in_at IS 'When the person last signed in; NULL = never, or not since this is kept';
GRANT DELETE ON account TO otad_app;
GRANT SELECT (tenant_id, account_id, name, disabled_at) ON account TO otad_jobs;

CREATE TABLE account_role (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    role       text   NOT NULL COLLATE "C" CHECK (role ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    PRIMARY KEY (tenant_id, account_id, role),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE
);
CREATE INDEX account_role_by_role ON account_role (tenant_id, role);
COMMENT ON TABLE account_role IS 'Roles of people; somebody has the union of theirs';
COMMENT ON COLUMN account_role.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_role.account_id IS 'Who has it';
COMMENT ON COLUMN account_role.role IS 'Name of the role';
GRANT SELECT, INSERT, DELETE ON account_role TO otad_app;
GRANT SELECT ON account_role TO otad_jobs;

CREATE TABLE account_link (
    tenant_id  bigint      NOT NULL,
    account_id bigint      NOT NULL,
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    kind       text        NOT NULL CHECK (kind IN ('invitation', 'reset')),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE,
    CHECK (expires_at > created_at)
);
COMMENT ON TABLE account_link IS 'One-time links by which people choose a password; at most one each, gone when used';
COMMENT ON COLUMN account_link.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_link.account_id IS 'Whose password it sets';
COMMENT ON COLUMN account_link.token_hash IS 'Keyed hash of the token';
COMMENT ON COLUMN account_link.kind IS 'invitation: for the first time; reset: again';
COMMENT ON COLUMN account_link.created_at IS 'When it was made';
COMMENT ON COLUMN account_link.created_by IS 'The admin who made it';
COMMENT ON COLUMN account_link.expires_at IS 'Until when it counts';
GRANT SELECT, INSERT, UPDATE, DELETE ON account_link TO otad_app;

CREATE TABLE account_totp (
    tenant_id    bigint      NOT NULL,
    account_id   bigint      NOT NULL,
    secret       bytea       NOT NULL CHECK (octet_length(secret) = 60),
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_step    bigint      NOT NULL DEFAULT 0 CHECK (last_step >= 0),
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE CASCADE
);
COMMENT ON TABLE account_totp IS 'Second factors (RFC 6238)';
COMMENT ON COLUMN account_totp.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_totp.account_id IS 'Whose it is';
COMMENT ON COLUMN account_totp.secret IS 'Nonce (24), secret of 20 bytes under XChaCha20, tag (16); the key comes from the pepper';
COMMENT ON COLUMN account_totp.created_at IS 'When it was made';
COMMENT ON COLUMN account_totp.confirmed_at IS 'Since when it is asked for; NULL = not in force';
COMMENT ON COLUMN account_totp.last_step IS 'The newest time step whose code was used: only later ones count';
GRANT SELECT, INSERT, UPDATE, DELETE ON account_totp TO otad_app;

CREATE TABLE account_recovery (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    code_hash  bytea  NOT NULL CHECK (octet_length(code_hash) = 32),
    PRIMARY KEY (tenant_id, account_id, code_hash),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account_totp ON DELETE CASCADE
);
COMMENT ON TABLE account_recovery IS 'Recovery codes, each in place of one code of the second factor; gone when used';
COMMENT ON COLUMN account_recovery.tenant_id IS 'The tenant';
COMMENT ON COLUMN account_recovery.account_id IS 'Whose it is';
COMMENT ON COLUMN account_recovery.code_hash IS 'Keyed hash of the code';
GRANT SELECT, INSERT, DELETE ON account_recovery TO otad_app;

ALTER TABLE session
    ADD COLUMN session_id bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN address text NOT NULL DEFAULT '' CHECK (char_length(address) <= 64),
    ADD COLUMN agent text NOT NULL DEFAULT '' CHECK (char_length(agent) <= 256),
    ADD UNIQUE (tenant_id, session_id);
COMMENT ON COLUMN session.session_id IS 'Number of the sign-in, by which people name it';
COMMENT ON COLUMN session.address IS 'Where it was made from';
COMMENT ON COLUMN session.agent IS 'User-Agent that made it, cut to 256 characters';

CREATE VIEW account_row WITH (security_invoker = true) AS
SELECT a.tenant_id, a.account_id, a.name,
       (SELECT string_agg(r.role, ' ' ORDER BY r.role) FROM account_role r
         WHERE r.tenant_id = a.tenant_id AND r.account_id = a.account_id) AS roles,
       a.password_hash, a.disabled_at IS NOT NULL AS disabled,
       EXISTS (SELECT FROM account_totp t
                WHERE t.tenant_id = a.tenant_id AND t.account_id = a.account_id AND t.confirmed_at IS NOT NULL) AS totp,
       unix_s(a.created_at) AS created_at_unix_s, a.created_by, unix_s(a.last_sign_in_at) AS last_sign_in_at_unix_s
  FROM account a;
COMMENT ON VIEW account_row IS 'struct user, in its reader''s order (otad/db/read.c)';
GRANT SELECT ON account_row TO otad_app;

ALTER TABLE account NO FORCE ROW LEVEL SECURITY;
INSERT INTO account_role (tenant_id, account_id, role) SELECT tenant_id, account_id, role FROM account;
ALTER TABLE account FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['account_role', 'account_link', 'account_totp', 'account_recovery'] LOOP
        EXECUTE format('ALTER TABLE otad.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY one_tenant ON otad.%I TO otad_app USING (tenant_id = otad.current_tenant())', t);
        EXECUTE format('CREATE POLICY all_tenants ON otad.%I TO otad_jobs USING (true)', t);
    END LOOP;
END $$;
