"""Look at the built site as it will be served: under its sub-path, compressed.

    python tools/site_server.py [PORT]
"""
import functools, gzip, shutil, sys, threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler,ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from notebooks import ROOT,settings

BROWSERS = 'chromium','chromium-browser','google-chrome','google-chrome-stable'
BASE = settings()['doc_baseurl'] + '/'

class Handler(SimpleHTTPRequestHandler):
    "Files of a folder under `BASE`, text compressed"
    packed = False
    def translate_path(self, path):
        path = urlsplit(path).path
        return super().translate_path('/' + path.removeprefix(BASE) if path.startswith(BASE) else '/not here')
    def log_message(self, *args): pass
    def send_header(self, key, value):
        if key.lower() == 'content-length' and self.packed: return # known only once it is compressed
        if key.lower() == 'content-type':
            self.packed = value.startswith(('text','image/svg','application/javascript','application/json'))
            if self.packed: super().send_header('Content-Encoding', 'gzip')
        super().send_header(key, value)
    def copyfile(self, source, out):
        try: out.write(gzip.compress(source.read(), 6)) if self.packed else super().copyfile(source, out)
        except ConnectionError: pass # the reader went on to another page
    def end_headers(self):
        if self.packed: super().send_header('Vary', 'Accept-Encoding')
        super().end_headers()
    def send_error(self, code, message=None, explain=None):
        "The site's own page where there is none"
        page = Path(self.directory)/'404.html'
        if code != 404 or not page.is_file():
            self.error_content_type = 'application/x-error' # not packed: the body is written as it is
            return super().send_error(code, message, explain)
        self.send_response(404)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(gzip.compress(page.read_bytes(), 6))
    def do_GET(self):
        self.packed = False
        super().do_GET()

def browser():
    "The path of the browser that the tests and the bench drive; None if there is none"
    return next((p for b in BROWSERS if (p := shutil.which(b))), None)

@contextmanager
def served(folder, port=0):
    "Serve `folder` in the background; gives the address of the site"
    with ThreadingHTTPServer(('127.0.0.1', port), functools.partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try: yield f'http://127.0.0.1:{server.server_port}{BASE}'
        finally: server.shutdown()

def main():
    port = sys.argv[1] if len(sys.argv) > 1 else '8000'
    try:
        with served(ROOT/'_docs', int(port)) as url:
            print(f'{url}\nCtrl-C ends it', flush=True)
            threading.Event().wait()
    except KeyboardInterrupt: pass
    except (OSError, ValueError, OverflowError) as e: sys.exit(f'cannot serve at port {port} ({e}). Name another: python tools/site_server.py 8001')

if __name__ == '__main__': main()
