"""Look at the built site as it will be served: under its sub-path, compressed.

    python tools/site_server.py [PORT]
"""
import functools, gzip, sys, threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler,ThreadingHTTPServer
from urllib.parse import urlsplit
from notebooks import ROOT,settings

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
    def copyfile(self, source, out): out.write(gzip.compress(source.read(), 6)) if self.packed else super().copyfile(source, out)
    def end_headers(self):
        if self.packed: super().send_header('Vary', 'Accept-Encoding')
        super().end_headers()
    def do_GET(self):
        self.packed = False
        super().do_GET()

@contextmanager
def served(folder, port=0):
    "Serve `folder` in the background; gives the address of the site"
    with ThreadingHTTPServer(('127.0.0.1', port), functools.partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try: yield f'http://127.0.0.1:{server.server_port}{BASE}'
        finally: server.shutdown()

if __name__ == '__main__':
    with served(ROOT/'_docs', int(sys.argv[1]) if len(sys.argv) > 1 else 8000) as url:
        print(f'{url}\nCtrl-C ends it')
        try: threading.Event().wait()
        except KeyboardInterrupt: pass
