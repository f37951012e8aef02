-- A partner, its pairings, their households and villages, and who else helps there. $1–$6 as in village.sql; $7 is the
-- partner.
WITH viewer AS (
  SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.region_from', $2, true),
         set_config('ruhu.region_to', $3, true), set_config('ruhu.region_spans', $4, true),
         set_config('ruhu.helper_id', $5, true), set_config('ruhu.organisation_id', $6, true)
)
SELECT convert_to('{"data":{"organisation":' || coalesce((
  SELECT '{"id":"' || o.id || '","name":' || to_json(o.name) || ',"pairings":{"nodes":[' || coalesce(paired.o, '') || ']}}'
  FROM organisation o
  LEFT JOIN LATERAL (
    SELECT string_agg(
        '{"id":"' || a.id || '","role":{"code":' || to_json(a.role) || '},"startedOn":"' || a.started_on
        || '","village":' || coalesce('{"code":"' || a.village_code || '","region":{"name":' || to_json(a.village_name)
                                      || '}}', 'null')
        || ',"household":' || coalesce(
            '{"id":"' || a.household_id || '","code":' || to_json(a.household_code)
            || ',"village":{"code":"' || a.region_code || '","region":{"name":' || to_json(a.region_name)
            || '}},"pairings":[' || others.o || ']}', 'null')
        || '}', ',' ORDER BY a.started_on DESC, a.id DESC) AS o
    FROM (
      SELECT p.id, p.role, p.started_on, h.id AS household_id, h.code AS household_code, h.region_code,
             hr.name AS region_name, v.region_code AS village_code, vr.name AS village_name
      FROM pairing p
      LEFT JOIN household h ON h.id = p.household_id
        AND (h.region_code >= $2 AND h.region_code < $3
               AND ($4 = '' OR h.region_code ^@ ANY (string_to_array($4, ',')))
             OR h.id = ANY (array(SELECT household_id FROM household_access
                                  WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid))))
      LEFT JOIN region hr ON hr.code = h.region_code
      LEFT JOIN village v ON v.id = p.village_id
      LEFT JOIN region vr ON vr.code = v.region_code
      WHERE p.organisation_id = o.id
        AND (p.region_code >= $2 AND p.region_code < $3
               AND ($4 = '' OR p.region_code ^@ ANY (string_to_array($4, ',')))
             OR p.household_id = ANY (array(SELECT household_id FROM household_access
                                            WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid)))
             OR p.helper_id = nullif($5, '')::uuid OR p.organisation_id = nullif($6, '')::uuid)
      ORDER BY p.started_on DESC, p.id DESC LIMIT 50
    ) AS a
    CROSS JOIN LATERAL (
      SELECT coalesce(string_agg(
          '{"id":"' || q.id || '","role":{"code":' || to_json(q.role)
          || '},"helper":' || coalesce('{"id":"' || helper.id || '","name":' || to_json(helper.name) || '}', 'null')
          || '}', ',' ORDER BY q.started_on DESC, q.id DESC), '') AS o
      FROM pairing q
      LEFT JOIN helper ON helper.id = q.helper_id AND $1 <> ''
      WHERE q.household_id = a.household_id
        AND (q.region_code >= $2 AND q.region_code < $3
               AND ($4 = '' OR q.region_code ^@ ANY (string_to_array($4, ',')))
             OR q.household_id = ANY (array(SELECT household_id FROM household_access
                                            WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid)))
             OR q.helper_id = nullif($5, '')::uuid OR q.organisation_id = nullif($6, '')::uuid)
    ) AS others
  ) AS paired ON true
  WHERE o.id = $7::uuid AND $1 <> ''
), 'null') || '}}', 'UTF8')
FROM viewer
