-- name: statistics_counts
-- $1 platform_id, $2 version, NULL = any; $3, $4 first and last day as text, NULL = any; $5 how many releases at most.
-- The first row is all of them together; then the releases with the most updates.  Durations of those that succeeded: the
-- 95th percentile is the mean of the bucket in which it lies.  Who may write to devices and not read them counts nothing.
WITH closed AS MATERIALIZED (
    SELECT release_id, state, duration_bucket, max(platform_id) AS platform_id, max(version) AS version,
           sum(updates::float8) AS n, sum(duration_sum_s::float8) AS s
      FROM update_summary
     WHERE ($1::bigint IS NULL OR platform_id = $1) AND ($2::text IS NULL OR version = $2)
       AND ($3::text IS NULL OR day >= $3::date) AND ($4::text IS NULL OR day <= $4::date)
     GROUP BY release_id, state, duration_bucket
), open AS (
    SELECT coalesce(release_id, 0) AS release_id, max(platform_id) AS platform_id, max(version) AS version, count(*) AS n
      FROM device_update
     WHERE closed_at IS NULL AND ($1::bigint IS NULL OR platform_id = $1) AND ($2::text IS NULL OR version = $2)
       AND ((SELECT may('{device.read}')) OR platform_id = ANY ((SELECT may_on('{device.read}'))::bigint[]))
     GROUP BY GROUPING SETS ((release_id), ())
), ended AS (
    SELECT coalesce(release_id, 0) AS release_id, max(platform_id) AS platform_id, max(version) AS version,
           coalesce(sum(n) FILTER (WHERE state = 'succeeded'), 0) AS succeeded,
           coalesce(sum(n) FILTER (WHERE state = 'failed'), 0) AS failed,
           coalesce(sum(n) FILTER (WHERE state = 'cancelled'), 0) AS cancelled
      FROM closed
     GROUP BY GROUPING SETS ((release_id), ())
), took AS (
    SELECT coalesce(release_id, 0) AS release_id, duration_bucket, sum(n) AS n, sum(s) AS s
      FROM closed
     WHERE state = 'succeeded' AND duration_bucket >= 0
     GROUP BY GROUPING SETS ((release_id, duration_bucket), (duration_bucket))
), ranked AS (
    SELECT release_id, n, s, sum(n) OVER up AS up_to, sum(n) OVER (PARTITION BY release_id) AS total,
           sum(s) OVER (PARTITION BY release_id) AS total_s
      FROM took
    WINDOW up AS (PARTITION BY release_id ORDER BY duration_bucket)
), duration AS (
    SELECT DISTINCT ON (release_id) release_id, total_s / total AS mean, s / n AS p95
      FROM ranked
     WHERE up_to >= 0.95 * total
     ORDER BY release_id, up_to
)
SELECT release_id, p.name, coalesce(e.version, o.version), coalesce(e.succeeded, 0)::bigint, coalesce(e.failed, 0)::bigint,
       coalesce(e.cancelled, 0)::bigint, coalesce(o.n, 0), d.mean::text, d.p95::text
  FROM ended e
  FULL JOIN open o USING (release_id)
  LEFT JOIN duration d USING (release_id)
  LEFT JOIN platform p ON p.platform_id = coalesce(e.platform_id, o.platform_id) AND release_id <> 0
 ORDER BY release_id <> 0, coalesce(e.succeeded, 0) + coalesce(e.failed, 0) + coalesce(e.cancelled, 0) + coalesce(o.n, 0) DESC,
          release_id DESC
 LIMIT $5::bigint + 1;

-- name: statistics_days
-- $1 to $4 as in statistics_counts; $5 how many days at most, the newest
SELECT day::text, coalesce(sum(updates) FILTER (WHERE state = 'succeeded'), 0)::bigint,
       coalesce(sum(updates) FILTER (WHERE state = 'failed'), 0)::bigint
  FROM update_summary
 WHERE ($1::bigint IS NULL OR platform_id = $1) AND ($2::text IS NULL OR version = $2)
   AND ($3::text IS NULL OR day >= $3::date) AND ($4::text IS NULL OR day <= $4::date)
 GROUP BY day
HAVING sum(updates) FILTER (WHERE state <> 'cancelled') > 0
 ORDER BY day DESC
 LIMIT $5;

-- name: statistics_stale
-- $1 platform_id, NULL = any.  Who may write to devices and not read them counts nothing.
SELECT count(*)
  FROM device_heartbeat h
  JOIN device d USING (tenant_id, device_no)
 WHERE h.stale_since IS NOT NULL AND ($1::bigint IS NULL OR d.platform_id = $1)
   AND ((SELECT may('{device.read}')) OR d.platform_id = ANY ((SELECT may_on('{device.read}'))::bigint[]));
