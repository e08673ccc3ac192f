-- name: people_lock
-- Whoever holds it is alone with the tenant's accounts and roles.
SELECT pg_advisory_xact_lock(hashtextextended('otad.people', current_tenant()));

-- name: admins_left
-- People who may sign in and have every right.
SELECT count(DISTINCT a.account_id)
  FROM account a
  JOIN account_role r USING (tenant_id, account_id)
 WHERE a.disabled_at IS NULL AND a.password_hash IS NOT NULL AND r.role = 'admin';

-- name: roles_unknown
-- $1 roles: how many of them there are not
SELECT count(*)
  FROM unnest($1::text[]) n
 WHERE n NOT IN ('admin', 'manager', 'operator', 'viewer') AND NOT EXISTS (SELECT FROM role r WHERE r.name = n);

-- name: user_count
SELECT count(*) FROM account;

-- name: user_create
-- $1 name, $2 password_hash, $3 created_by
INSERT INTO account (tenant_id, name, password_hash, created_by)
VALUES (current_tenant(), $1, $2, $3)
RETURNING account_id;

-- name: user_roles_clear
-- $1 account_id
DELETE FROM account_role WHERE account_id = $1;

-- name: user_roles_put
-- $1 account_id, $2 roles
INSERT INTO account_role (tenant_id, account_id, role)
SELECT DISTINCT current_tenant(), $1::bigint, r FROM unnest($2::text[]) r;

-- name: user_get
-- $1 account_id
SELECT * FROM account_row WHERE account_id = $1;

-- name: user_get_by_name
-- $1 name
SELECT * FROM account_row WHERE name = $1;

-- name: user_list
-- $1 after, NULL = from the start; $2 limit
SELECT * FROM account_row
 WHERE $1::text IS NULL OR name > $1
 ORDER BY name
 LIMIT $2;

-- name: user_set_disabled
-- $1 account_id, $2 disabled
UPDATE account SET disabled_at = CASE WHEN $2::boolean THEN coalesce(disabled_at, now()) END WHERE account_id = $1;

-- name: user_delete
-- $1 account_id
DELETE FROM account WHERE account_id = $1;

-- name: user_password_put
-- $1 account_id, $2 new, $3 old: nothing happens if it is another one by now; NULL = none
UPDATE account SET password_hash = $2 WHERE account_id = $1 AND password_hash IS NOT DISTINCT FROM $3;

-- name: user_signed_in
-- $1 account_id, $2 password_hash that was shown to be theirs
UPDATE account SET last_sign_in_at = now()
 WHERE account_id = $1 AND password_hash = $2 AND disabled_at IS NULL;

-- name: join_put
-- $1 account_id, $2 token_hash, $3 created_by, $4 expires_at.  A person has one at most.
INSERT INTO account_link (tenant_id, account_id, token_hash, kind, created_by, expires_at)
SELECT tenant_id, account_id, $2::bytea, CASE WHEN last_sign_in_at IS NULL AND password_hash IS NULL THEN 'invitation' ELSE 'reset' END,
       $3, from_unix_s($4)
  FROM account
 WHERE account_id = $1
ON CONFLICT (tenant_id, account_id) DO UPDATE
   SET token_hash = EXCLUDED.token_hash, kind = EXCLUDED.kind, created_at = EXCLUDED.created_at,
       created_by = EXCLUDED.created_by, expires_at = EXCLUDED.expires_at;

-- name: join_get
-- $1 token_hash
SELECT l.kind = 'reset', a.*
  FROM account_link l
  JOIN account_row a USING (tenant_id, account_id)
 WHERE l.token_hash = $1::bytea AND l.expires_at > now() AND NOT a.disabled;

-- name: join_spend
-- $1 token_hash
DELETE FROM account_link WHERE token_hash = $1::bytea AND expires_at > now() RETURNING account_id;

-- name: join_delete
-- $1 account_id
DELETE FROM account_link WHERE account_id = $1;

-- name: setup_token_put
-- $1 token_hash, $2 expires_at
INSERT INTO setup_token (tenant_id, token_hash, expires_at)
VALUES (current_tenant(), $1::bytea, from_unix_s($2))
ON CONFLICT (tenant_id) DO UPDATE
   SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at;

-- name: setup_token_spend
-- $1 token_hash
DELETE FROM setup_token WHERE token_hash = $1::bytea AND expires_at > now();
