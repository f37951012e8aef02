"""`ruhu_from_wgs84` in PostgreSQL: what `domain.base.datum.from_wgs84` says, for reads that SQL answers alone.

A migration executes `CREATE_FROM_WGS84`. It is therefore complete in itself and, once released, is never edited: a
correction is a new text in a new migration. `tests/domain/base/test_datum_sql.py` holds it against Python to 1e-9
degree.
"""

from __future__ import annotations

# Two choices that surprise:
# - What comes out in GCJ-02 or BD-09 carries SRID 0. No EPSG code exists for either, and under SRID 4326 a shifted
#   point would measure against a true one without complaint; with SRID 0 PostGIS refuses the mixture ("Operation on
#   mixed SRID geometries").
# - Longitude and latitude are not checked here: the columns' constraints do that, and a read has nobody to tell.
#   Outside the rectangle (which NaN and infinity are, too) coordinates stay as they are.
CREATE_FROM_WGS84 = """
CREATE FUNCTION ruhu_from_wgs84(point geometry, datum text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
DECLARE
    longitude double precision := ST_X(point);
    latitude double precision := ST_Y(point);
    x double precision := longitude - 105;
    y double precision := latitude - 35;
    waves double precision;
    east double precision;
    north double precision;
    flattening double precision;
    radius double precision;
    angle double precision;
BEGIN
    IF datum IN ('WGS84', 'CGCS2000') THEN
        RETURN point;
    END IF;
    IF datum NOT IN ('GCJ02', 'BD09') THEN
        RAISE EXCEPTION 'unknown datum: %', datum USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF ST_IsEmpty(point) OR longitude NOT BETWEEN 72.004 AND 137.8347 OR latitude NOT BETWEEN 0.8293 AND 55.8271 THEN
        RETURN ST_SetSRID(point, 0);
    END IF;

    -- WGS-84 to GCJ-02: metres east and north, then degrees on the Krasovsky ellipsoid.
    waves := 20 * sin(6 * x * pi()) + 20 * sin(2 * x * pi());
    east := 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
        + (waves + 20 * sin(x * pi()) + 40 * sin(x / 3 * pi())
            + 150 * sin(x / 12 * pi()) + 300 * sin(x / 30 * pi())) * 2 / 3;
    north := -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
        + (waves + 20 * sin(y * pi()) + 40 * sin(y / 3 * pi())
            + 160 * sin(y / 12 * pi()) + 320 * sin(y / 30 * pi())) * 2 / 3;
    flattening := 1 - 0.00669342162296594323 * sin(radians(latitude)) ^ 2;
    x := longitude + degrees(east / (6378245 * cos(radians(latitude)) / sqrt(flattening)));
    y := latitude + degrees(north / (6378245 * (1 - 0.00669342162296594323) / flattening ^ 1.5));

    IF datum = 'BD09' THEN
        radius := sqrt(x * x + y * y) + 0.00002 * sin(y * pi() * 3000 / 180);
        angle := atan2(y, x) + 0.000003 * cos(x * pi() * 3000 / 180);
        x := radius * cos(angle) + 0.0065;
        y := radius * sin(angle) + 0.006;
    END IF;
    RETURN ST_MakePoint(x, y);
END
$function$
"""
