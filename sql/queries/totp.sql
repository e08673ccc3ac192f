-- name: totp_begin
-- $1 account_id, $2 sealed secret: in place of one that is not in force
INSERT INTO account_totp (tenant_id, account_id, secret) VALUES (current_tenant(), $1, $2::bytea)
ON CONFLICT (tenant_id, account_id) DO UPDATE
   SET secret = EXCLUDED.secret, created_at = EXCLUDED.created_at, last_step = 0
 WHERE account_totp.confirmed_at IS NULL;

-- name: totp_get
-- $1 account_id
SELECT t.secret, t.confirmed_at IS NOT NULL, t.last_step,
       (SELECT count(*) FROM account_recovery r WHERE r.tenant_id = t.tenant_id AND r.account_id = t.account_id)
  FROM account_totp t
 WHERE t.account_id = $1;

-- name: totp_confirm
-- $1 account_id, $2 sealed secret that the code was for, $3 time step of the code
UPDATE account_totp SET confirmed_at = now(), last_step = $3
 WHERE account_id = $1 AND secret = $2::bytea AND confirmed_at IS NULL;

-- name: totp_in_force
-- $1 account_id: its row is ours until commit
SELECT account_id FROM account_totp WHERE account_id = $1 AND confirmed_at IS NOT NULL FOR UPDATE;

-- name: totp_spend
-- $1 account_id, $2 time step: each once, and none before it
UPDATE account_totp SET last_step = $2 WHERE account_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2;

-- name: totp_delete
-- $1 account_id
DELETE FROM account_totp WHERE account_id = $1;

-- name: recovery_clear
-- $1 account_id
DELETE FROM account_recovery WHERE account_id = $1;

-- name: recovery_put
-- $1 account_id, $2 code_hash
INSERT INTO account_recovery (tenant_id, account_id, code_hash) VALUES (current_tenant(), $1, $2::bytea);

-- name: recovery_spend
-- $1 account_id, $2 code_hash
DELETE FROM account_recovery WHERE account_id = $1 AND code_hash = $2::bytea;
