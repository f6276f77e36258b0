"""Tiles with marks at known places, in files and from a server."""

import base64
import math
import struct
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from zjk_gis.crs.datum import wgs84_to_gcj02

CENTRE = (114.88, 40.82)
MARK_PX = 6.0
APART_PX = 128.0
SIDE = 256


def picture(pixels):
    """Write an array of rows, columns and RGB as PNG."""
    rows = np.concatenate([np.zeros((len(pixels), 1), np.uint8), pixels.reshape(len(pixels), -1)], axis=1)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(rows.tobytes(), 1)),
            chunk(b"IEND", b""),
        ]
    )


def metres_per_pixel(zoom, latitude=CENTRE[1]):
    return 2 * math.pi * 6378137.0 * math.cos(math.radians(latitude)) / (SIDE * 2**zoom)


def marks(zoom, reach=12):
    """Return the places on the ground that are marked at a zoom: a lattice about the centre."""
    step = APART_PX * 360.0 / (SIDE * 2**zoom)
    numbers = np.arange(-reach, reach + 1)
    lon, lat = np.meshgrid(CENTRE[0] + numbers * step, CENTRE[1] + numbers * step * 0.757)
    return lon.ravel(), lat.ravel()


def tile(zoom, x, y, datum="wgs84"):
    """Draw a tile: white, with a dark disc wherever a mark is in its datum."""
    lon, lat = marks(zoom)
    if datum == "gcj02":
        lon, lat = wgs84_to_gcj02(lon, lat)
    size = SIDE * 2**zoom
    sine = np.sin(np.radians(lat))
    mark_x = (lon / 360 + 0.5) * size - x * SIDE
    mark_y = (0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * size - y * SIDE
    near = (abs(mark_x - 128) < 150) & (abs(mark_y - 128) < 150)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    dark = np.zeros((SIDE, SIDE))
    for at_x, at_y in zip(mark_x[near], mark_y[near], strict=True):
        dark = np.maximum(dark, np.clip(MARK_PX + 0.5 - np.hypot(columns - at_x, rows - at_y), 0, 1))
    grey = np.round(255 * (1 - dark)).astype(np.uint8)
    return picture(np.repeat(grey[:, :, None], 3, axis=2))


def around(zoom, reach=4, place=CENTRE):
    """Return the columns and rows of the tiles around the centre."""
    sine = math.sin(math.radians(place[1]))
    x = int((place[0] / 360 + 0.5) * 2**zoom)
    y = int((0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * 2**zoom)
    return [(x + i, y + j) for i in range(-reach, reach + 1) for j in range(-reach, reach + 1)]


@contextmanager
def tile_server(datum):
    """Serve marked tiles at {address}/{z}/{x}/{y}.png on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            zoom, x, y = (int(v.removesuffix(".png")) for v in self.path.split("?")[0].split("/")[-3:])
            body = tile(zoom, x, y, datum)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# Where each mark is expected and where the picture of the screen shows it, in pixels.
_FOUND = """async ([shot, places, map]) => {
    const image = new Image();
    image.src = "data:image/png;base64," + shot;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width; canvas.height = image.height;
    const draw = canvas.getContext("2d", { willReadFrequently: true });
    draw.drawImage(image, 0, 0);
    const offset = map.getPixelOrigin().subtract(map._getMapPanePos()), found = [];
    for (const [lng, lat] of places) {
        const p = map.project([lat, lng]).subtract(offset), r = 16;
        if (p.x < 90 || p.y < 60 || p.x > image.width - 60 || p.y > image.height - 60) continue;
        const left = Math.round(p.x) - r, top = Math.round(p.y) - r;
        const data = draw.getImageData(left, top, 2 * r, 2 * r).data;
        let sum = 0, x = 0, y = 0;
        for (let j = 0; j < 2 * r; j++) for (let i = 0; i < 2 * r; i++) {
            const dark = Math.max(0, 255 - data[(j * 2 * r + i) * 4 + 1]);
            sum += dark; x += dark * (i + .5); y += dark * (j + .5);
        }
        found.push(sum > 255 * 40 ? [left + x / sum - p.x, top + y / sum - p.y] : [99, 99]);
    }
    return found;
}"""


def misplaced(page, map_name, zoom):
    """Return by how many pixels each mark on the screen is off its place, as an array of dx, dy."""
    shot = base64.b64encode(page.screenshot()).decode()
    places = np.column_stack(marks(zoom)).tolist()
    handle = page.evaluate_handle(f"() => {map_name}")
    found = np.array(page.evaluate(_FOUND, [shot, places, handle]))
    assert len(found) >= 6
    return found


def darkest(page, left, top, width, height):
    """Return the least of all values of red, green and blue in a part of the screen."""
    clip = {"x": left, "y": top, "width": width, "height": height}
    shot = base64.b64encode(page.screenshot(clip=clip)).decode()
    return page.evaluate(
        """async shot => {
            const image = new Image();
            image.src = "data:image/png;base64," + shot;
            await image.decode();
            const canvas = document.createElement("canvas");
            canvas.width = image.width; canvas.height = image.height;
            const draw = canvas.getContext("2d", { willReadFrequently: true });
            draw.drawImage(image, 0, 0);
            return draw.getImageData(0, 0, image.width, image.height).data.reduce((a, b) => Math.min(a, b));
        }""",
        shot,
    )
