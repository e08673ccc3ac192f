-- name: user_count
SELECT count(*) FROM account;

-- name: user_create
-- $1 name, $2 role, $3 password_hash
INSERT INTO account (tenant_id, name, role, password_hash)
VALUES (current_tenant(), $1, $2, $3)
RETURNING account_id, name, role, password_hash, disabled_at IS NOT NULL, unix_s(created_at);

-- name: user_get_by_name
-- $1 name
SELECT account_id, name, role, password_hash, disabled_at IS NOT NULL, unix_s(created_at)
  FROM account
 WHERE name = $1;

-- name: setup_token_put
-- $1 token_hash, $2 expires_at
INSERT INTO setup_token (tenant_id, token_hash, expires_at)
VALUES (current_tenant(), $1::bytea, from_unix_s($2))
ON CONFLICT (tenant_id) DO UPDATE
   SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at;

-- name: setup_token_spend
-- $1 token_hash
DELETE FROM setup_token WHERE token_hash = $1::bytea AND expires_at > now();
