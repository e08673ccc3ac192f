-- name: schema_version
SELECT coalesce(max(version), 0) FROM schema_version;

-- name: change_append
-- $1 kinds, $2 keys.  Locks the tenant's clock until commit, so it is the last statement of a transaction.
WITH clock AS (
    UPDATE tenant_clock SET change_seq = change_seq + cardinality($2::bigint[])
     WHERE tenant_id = current_tenant()
    RETURNING change_seq - cardinality($2::bigint[]) AS before
), added AS (
    INSERT INTO change (tenant_id, change_seq, kind, key)
    SELECT current_tenant(), clock.before + t.n, t.kind, t.key
      FROM clock, unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS t(kind, key, n)
)
SELECT pg_notify('otad', '');
