/* From degrees to the map's pixels at zoom 0, and to metres on the CGCS2000 ellipsoid. */

function worldX(lon) { return (lon + 180) / 360 * 256; }

function worldY(lat) {
  const sine = Math.sin(Math.max(-85.0511, Math.min(85.0511, lat)) * Math.PI / 180);
  return 128 - Math.log((1 + sine) / (1 - sine)) * 64 / Math.PI;
}

function lonOf(x) { return x / 256 * 360 - 180; }

function latOf(y) { return Math.atan(Math.sinh((128 - y) * Math.PI / 128)) * 180 / Math.PI; }

/* Gauss-Krüger by the series of Krüger to the fourth order: [east without false easting, north]. */
function gaussKruger(lon, lat, meridian) {
  const a = 6378137, f = 1 / 298.257222101, n = f / (2 - f), n2 = n * n, n3 = n2 * n, n4 = n3 * n;
  const A = a / (1 + n) * (1 + n2 / 4 + n4 / 64), e = Math.sqrt(f * (2 - f));
  const alpha = [n / 2 - 2 * n2 / 3 + 5 * n3 / 16 + 41 * n4 / 180, 13 * n2 / 48 - 3 * n3 / 5 + 557 * n4 / 1440, 61 * n3 / 240 - 103 * n4 / 140, 49561 * n4 / 161280];
  const phi = lat * Math.PI / 180, lambda = (lon - meridian) * Math.PI / 180, s = Math.sin(phi);
  const t = Math.sinh(Math.atanh(s) - e * Math.atanh(e * s));
  const xi = Math.atan2(t, Math.cos(lambda)), eta = Math.atanh(Math.sin(lambda) / Math.sqrt(1 + t * t));
  let north = xi, east = eta;
  alpha.forEach(function (value, i) {
    const k = 2 * (i + 1);
    north += value * Math.sin(k * xi) * Math.cosh(k * eta);
    east += value * Math.cos(k * xi) * Math.sinh(k * eta);
  });
  return [A * east, A * north];
}

/* Metres in a plane that is true around the first point: lengths within 3 parts in 100,000 over 50 km. */
function metres(latlngs) {
  return latlngs.map(function (p) { return gaussKruger(p.lng, p.lat, latlngs[0].lng); });
}

function lengthOf(latlngs) {
  const m = metres(latlngs);
  let sum = 0;
  for (let i = 1; i < m.length; i++) { sum += Math.hypot(m[i][0] - m[i - 1][0], m[i][1] - m[i - 1][1]); }
  return sum;
}

function areaOf(latlngs) {
  const m = metres(latlngs);
  let twice = 0;
  m.forEach(function (p, i) { const q = m[(i + 1) % m.length]; twice += p[0] * q[1] - q[0] * p[1]; });
  return Math.abs(twice) / 2;
}
