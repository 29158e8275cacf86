"Picture files of every kind: opened as RGB and upright, or refused in one line that names the file"
import io, os, struct, threading, time, warnings
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from fastbook_lesson4.data import open_picture, picture_files, readable_pictures
from conftest import ROOT

PHOTOS = ROOT.parent/'shared'/'data'/'pets'

def noise(h=60, w=80, c=3, seed=0): return np.random.default_rng(seed).integers(0, 256, (h,w,c), dtype=np.uint8)

def smooth(h=60, w=80):
    "Colours that a JPEG keeps: red grows to the right, green downwards"
    y,x = np.mgrid[:h,:w]
    return np.stack([255*x/w, 255*y/h, np.full((h,w), 60)], -1).astype(np.uint8)

def encoded(img, format='JPEG', **kwargs):
    out = io.BytesIO()
    (img if isinstance(img, Image.Image) else Image.fromarray(img)).save(out, format, **kwargs)
    return out.getvalue()

def opened(path, data, **kwargs):
    "The array of a file with these bytes, once the picture is seen to be one"
    path.write_bytes(data)
    img = open_picture(path, **kwargs)
    assert img.mode == 'RGB' and type(img) is Image.Image
    path.unlink() # the file is closed, also for Windows
    return np.asarray(img)

def refused(path):
    "Why a file is refused, which one line says by its name; it is left out of a folder for the same reason"
    with pytest.raises(ValueError) as e: open_picture(path)
    said = str(e.value)
    assert said.startswith(start := f'cannot read {path.name}: ') and '\n' not in said
    why = said.removeprefix(start)
    assert readable_pictures([path]) == ([], {path: why}) and e.value.__suppress_context__
    return why

# --- what a pixel becomes

def test_rgb_stays(tmp_path): assert (opened(tmp_path/'a.png', encoded(noise(), 'PNG')) == noise()).all()

def test_a_string_will_do(tmp_path):
    (tmp_path/'a.png').write_bytes(encoded(noise(), 'PNG'))
    assert open_picture(str(tmp_path/'a.png')).size == (80,60) and readable_pictures([str(tmp_path/'a.png')]) == ([tmp_path/'a.png'], {})

@pytest.mark.parametrize('format', ['PNG','JPEG','GIF','TIFF','BMP'])
def test_greyscale(tmp_path, format):
    grey = smooth()[...,0]
    out = opened(tmp_path/'a', encoded(grey, format))
    assert out.shape == (60,80,3) and np.ptp(out, -1).max() == 0 and abs(out[...,0].astype(int)-grey).max() <= 3

def test_black_and_white(tmp_path):
    bits = noise(c=1)[...,0] > 127
    assert (opened(tmp_path/'a.png', encoded(Image.fromarray(bits), 'PNG')) == 255*bits[...,None]).all()

def test_palette(tmp_path):
    img = Image.fromarray(smooth()).quantize(64)
    assert (opened(tmp_path/'a.png', encoded(img, 'PNG')) == np.asarray(img.convert('RGB'))).all()

@pytest.mark.parametrize('side', [None,20])
def test_cmyk(tmp_path, side):
    "Ink on paper: no ink is white. Adobe's JPEGs hold the numbers upside down, TIFFs don't"
    ink = np.zeros((60,80,4), np.uint8)
    ink[:, 40:, 1:3] = 255 # magenta and yellow make red
    for format in ('JPEG','TIFF'):
        data = encoded(Image.frombytes('CMYK', (80,60), ink.tobytes()), format)
        assert (b'Adobe' in data) == (format == 'JPEG')
        out = opened(tmp_path/'a', data, side=side).astype(int)
        left,right = out[:, :out.shape[1]//4].reshape(-1,3),out[:, -out.shape[1]//4:].reshape(-1,3)
        assert abs(left-255).max() <= 3 and abs(right-[255,0,0]).max() <= 3

# --- what can be seen through

def test_transparent_is_white(tmp_path):
    "Whatever colour hides there; half of a colour is mixed with white"
    rgba = np.dstack([noise(), np.full((60,80), 255, np.uint8)])
    rgba[:20, :, 3],rgba[20:40, :, 3] = 0,102
    for format in ('PNG','TIFF'):
        out = opened(tmp_path/'a', encoded(rgba, format)).astype(int)
        assert (out[:20] == 255).all() and (out[40:] == noise()[40:]).all()
        assert abs(out[20:40] - (.4*noise()[20:40] + .6*255)).max() <= 1

def test_transparent_grey_is_white(tmp_path):
    la = np.full((4,6,2), 255, np.uint8)
    la[...,0],la[:2,:,1] = 0,0
    out = opened(tmp_path/'a.png', encoded(Image.frombytes('LA', (6,4), la.tobytes()), 'PNG'))
    assert (out[:2] == 255).all() and (out[2:] == 0).all()

@pytest.mark.parametrize('format', ['PNG','GIF'])
def test_a_transparent_entry_of_a_palette_is_white(tmp_path, format):
    img = Image.frombytes('P', (2,2), bytes([0,1,2,1]))
    img.putpalette([200,0,0, 0,200,0, 0,0,200])
    out = opened(tmp_path/'a', encoded(img, format, transparency=1))
    assert out.tolist() == [[[200,0,0],[255]*3], [[0,0,200],[255]*3]]

def test_half_transparent_entries_of_a_palette(tmp_path):
    img = Image.frombytes('P', (3,1), bytes([0,1,2]))
    img.putpalette([200,0,0, 0,200,0, 0,0,200])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        out = opened(tmp_path/'a.png', encoded(img, 'PNG', transparency=bytes([255,0,102])))
    assert out[0,:2].tolist() == [[200,0,0],[255]*3] and abs(out[0,2].astype(int)-[153,153,233]).max() <= 1

@pytest.mark.parametrize('mode,colour', [('L',7), ('RGB',(7,8,9))])
def test_a_transparent_colour_is_white(tmp_path, mode, colour):
    img = Image.new(mode, (2,1), 0)
    img.putpixel((1,0), colour)
    assert opened(tmp_path/'a.png', encoded(img, 'PNG', transparency=colour)).tolist() == [[[0]*3, [255]*3]]

# --- more than eight bits

@pytest.mark.parametrize('format', ['PNG','TIFF','JPEG2000'])
def test_16_bits(tmp_path, format):
    "A gradient over all shades comes out as one: not white, nowhere darker to the right, right to half a shade"
    deep = np.arange(65536, dtype=np.uint16).reshape(256,256)
    out = opened(tmp_path/'a', encoded(deep, format))
    assert np.ptp(out, -1).max() == 0
    out = out[...,0].ravel()
    assert out[0] == 0 and out[-1] == 255 and (np.diff(out.astype(int)) >= 0).all() and abs(out/255 - np.arange(65536)/65535).max() <= .5001/255
    assert np.unique(out).size == 256

def test_16_bits_of_a_dark_picture_stay_dark(tmp_path): assert (opened(tmp_path/'a.png', encoded(np.full((3,4), 250, np.uint16), 'PNG')) == 1).all()

def test_16_bits_of_a_portable_greymap(tmp_path):
    assert (opened(tmp_path/'a.pgm', b'P5 2 1 65535\n' + np.array([0,200], '>u2').tobytes()) == [[[0],[1]]]).all(), 'its largest number says what is white'

@pytest.mark.parametrize('values,want', [([0,.5,1], [0,128,255]), ([0,100,255], [0,100,255]), ([0,25700,65535], [0,100,255]), ([0,65536,262144], [0,64,255]), ([-9,np.nan,1], [0,0,255]), ([0,0,0], [0,0,0]),
                                         ([np.inf,-np.inf,1], [0,0,255])])
def test_floats(tmp_path, values, want):
    "Their range tells what is white"
    assert opened(tmp_path/'a.tif', encoded(np.array([values], np.float32), 'TIFF'))[0,:,1].tolist() == want

@pytest.mark.parametrize('values,want', [([0,100,255], [0,100,255]), ([0,25700,65535], [0,100,255]), ([-5,2**20,2**21], [0,128,255])])
def test_32_bits(tmp_path, values, want): assert opened(tmp_path/'a.tif', encoded(np.array([values], np.int32), 'TIFF'))[0,:,1].tolist() == want

# --- upright

# How a camera that writes this number has stored the picture: rows and columns of `upright`
STORED = {1: lambda a: a, 2: lambda a: a[:,::-1], 3: lambda a: a[::-1,::-1], 4: lambda a: a[::-1], 5: lambda a: a.swapaxes(0,1),
          6: lambda a: np.rot90(a), 7: lambda a: np.rot90(a.swapaxes(0,1), 2), 8: lambda a: np.rot90(a, -1)}

def turned(n):
    "EXIF that says so, and one thing more"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = n
    exif[ExifTags.Base.Make] = 'A camera'
    return exif

@pytest.mark.parametrize('n', STORED)
@pytest.mark.parametrize('format', ['PNG','TIFF','JPEG','WEBP'])
def test_upright_however_the_camera_was_held(tmp_path, n, format):
    upright = smooth(48, 80)
    out = opened(tmp_path/'a', encoded(np.ascontiguousarray(STORED[n](upright)), format, exif=turned(n), **{'quality':95, 'lossless':True} if format in ('JPEG','WEBP') else {}))
    assert out.shape == upright.shape and abs(out.astype(int)-upright).max() <= (16 if format == 'JPEG' else 0)

@pytest.mark.parametrize('n', STORED)
def test_upright_with_other_modes(tmp_path, n):
    "16 bits, transparent, and a JPEG decoded smaller"
    deep = np.arange(12, dtype=np.uint16).reshape(3,4)*5000
    assert (opened(tmp_path/'a.png', encoded(np.ascontiguousarray(STORED[n](deep)), 'PNG', exif=turned(n)))[...,0] == np.round(deep/257)).all()
    rgba = np.dstack([noise(3, 4), np.zeros((3,4), np.uint8)])
    assert opened(tmp_path/'b.png', encoded(np.ascontiguousarray(STORED[n](rgba)), 'PNG', exif=turned(n))).shape == (3,4,3)
    assert opened(tmp_path/'c.jpg', encoded(np.ascontiguousarray(STORED[n](smooth(400, 800))), exif=turned(n)), side=100).shape == (100,200,3)

def test_nobody_turns_it_again(tmp_path):
    (tmp_path/'a.jpg').write_bytes(encoded(smooth(), exif=turned(6)))
    img = open_picture(tmp_path/'a.jpg')
    assert img.size == (60,80) == ImageOps.exif_transpose(img).size

@pytest.mark.filterwarnings('ignore:Corrupt EXIF', 'ignore:Tag data larger')
@pytest.mark.parametrize('exif', [b'Exif\0\0garbage', b'Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01', b'Exif\0\0', b'Exif\0\0MM\0*\xff\xff\xff\xff'],
                         ids=['words','a list that ends','nothing','a list beyond the end'])
def test_broken_exif_is_no_broken_picture(tmp_path, exif): assert opened(tmp_path/'a.jpg', encoded(smooth(), exif=exif)).shape == (60,80,3)

@pytest.mark.filterwarnings('ignore:Corrupt EXIF', 'ignore:Tag data larger')
@pytest.mark.parametrize('tag', [(0x10f,2,4000,9999), (0x10f,5,2,8), (0x100,11,3,8)], ids=['beyond the end','a name of fractions','a width of floats'])
def test_upright_though_the_rest_of_its_exif_is_broken(tmp_path, tag):
    "PIL turns the picture, and may then fail to write the EXIF anew"
    entries = b''.join(struct.pack('<HHII', *o) for o in sorted([(0x112,3,1,6), tag]))
    assert opened(tmp_path/'a.jpg', encoded(smooth(), exif=b'Exif\0\0II*\0\x08\0\0\0\x02\0' + entries + bytes(40))).shape == (80,60,3)

def test_exif_that_cannot_even_be_looked_at(tmp_path):
    info = PngInfo()
    info.add_text('Raw profile type exif', '\nexif\n4\nno hexadecimal digits')
    assert opened(tmp_path/'a.png', encoded(smooth(), 'PNG', pnginfo=info)).shape == (60,80,3)

# --- small, large, moving

@pytest.mark.parametrize('side', [None,1,224])
def test_one_pixel(tmp_path, side):
    assert opened(tmp_path/'a.png', encoded(np.full((1,1,3), 9, np.uint8), 'PNG'), side=side).tolist() == [[[9]*3]]
    assert opened(tmp_path/'a.jpg', encoded(np.full((1,1,3), 9, np.uint8)), side=side).shape == (1,1,3)

def test_an_animation_gives_its_first_picture(tmp_path):
    frames = [Image.new('RGB', (8,6), o) for o in ('red','lime','blue')]
    for format in ('GIF','PNG','WEBP'):
        out = opened(tmp_path/'a', encoded(frames[0], format, save_all=True, append_images=frames[1:], **{'lossless':True} if format == 'WEBP' else {}))
        assert (out == [255,0,0]).all(), format

@pytest.mark.parametrize('progressive', [False,True])
def test_twenty_megapixels(tmp_path, progressive):
    "A camera's photograph: an eighth is decoded, in a fraction of the time; the shorter side has what was asked for"
    path = tmp_path/'a.jpg'
    path.write_bytes(encoded(Image.fromarray(noise(228, 342)).resize((5472,3648)), quality=90, progressive=progressive, exif=turned(6)))
    sizes = {side: open_picture(path, side).size for side in (None,1,224,460,913,1825,4000)}
    assert sizes == {None: (3648,5472), 1: (456,684), 224: (456,684), 460: (912,1368), 913: (1824,2736), 1825: (3648,5472), 4000: (3648,5472)}
    start = time.process_time()
    open_picture(path, 224)
    assert time.process_time()-start < 2
    small,whole = open_picture(path, 224),open_picture(path).resize((456,684), Image.Resampling.BOX)
    assert np.abs(np.asarray(small, float)-np.asarray(whole)).mean() < 4, 'the same picture'
    start = time.process_time()
    assert readable_pictures([path]) == ([path],{}) and time.process_time()-start < 2

@pytest.mark.parametrize('w', range(1,40,3))
@pytest.mark.parametrize('h', [1,17,100])
def test_the_shorter_side_keeps_what_was_asked_for(tmp_path, w, h):
    for side in (1,2,5,16):
        got = opened(tmp_path/'a.jpg', encoded(smooth(h, w)), side=side).shape
        assert min(got[:2]) >= min(side, h, w) and got[0] <= h and got[1] <= w

def test_a_bomb(tmp_path, monkeypatch):
    "More pixels than PIL lets through: refused by its header. Up to half as many it says nothing; between, it warns"
    path = tmp_path/'a.png'
    path.write_bytes(encoded(noise(10, 10), 'PNG'))
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 49)
    assert refused(path) == 'too large, more than 98 pixels'
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 50)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert readable_pictures([path]) == ([path], {}), 'no warnings where all are looked through'
    with pytest.warns(Image.DecompressionBombWarning): assert open_picture(path).size == (10,10)

def test_no_memory(tmp_path, monkeypatch):
    path = tmp_path/'a.png'
    path.write_bytes(encoded(noise(), 'PNG'))
    def full(*args, **kwargs): raise MemoryError
    monkeypatch.setattr(Image.Image, 'convert', full)
    assert refused(path) == 'too large for the memory'

# --- what can't be read

@pytest.mark.parametrize('data', [b'', b'The picture is on its way.\n'*40, b'<!DOCTYPE html><html><body>404</body></html>', b'\0'*5000, b'\xff\xd8', b'\x89PNG\r\n\x1a\n', b'GIF89a'],
                         ids=['empty','text','a web page','zeros','two bytes of a JPEG','eight of a PNG','six of a GIF'])
def test_no_picture(tmp_path, data):
    (tmp_path/'pug_3.jpg').write_bytes(data)
    assert refused(tmp_path/'pug_3.jpg') == 'no picture'

@pytest.mark.parametrize('kwargs', [{}, {'progressive':True}], ids=['baseline','progressive'])
@pytest.mark.parametrize('cut', [.03,.1,.3,.5,.9,.99,-2])
def test_a_jpeg_cut_short(tmp_path, cut, kwargs):
    "Also where only an eighth of it is decoded, which is how a folder is looked through"
    data = encoded(noise(240, 320), **kwargs)
    path = tmp_path/'a.jpg'
    path.write_bytes(data[:cut] if cut < 0 else data[:int(cut*len(data))])
    assert refused(path) == 'cut short'
    with pytest.raises(ValueError, match='cut short'): open_picture(path, 16)

@pytest.mark.parametrize('format', ['PNG','GIF','TIFF','BMP','WEBP','PPM'])
@pytest.mark.parametrize('cut', [.3,.5,.9])
def test_others_cut_short(tmp_path, format, cut):
    path = tmp_path/'a.jpg' # whatever the name says
    data = encoded(noise(), format)
    path.write_bytes(data[:int(cut*len(data))])
    assert refused(path) in ('cut short', 'could not create decoder object') # the second is WebP's

def test_a_broken_chunk(tmp_path):
    data = bytearray(encoded(noise(), 'PNG'))
    data[data.index(b'IDAT')+5000] ^= 255
    (tmp_path/'a.png').write_bytes(data)
    assert 'broken' in refused(tmp_path/'a.png')
    data = encoded(noise(), 'PNG').replace(b'IDAT', b'ID\0T')
    (tmp_path/'b.png').write_bytes(data)
    refused(tmp_path/'b.png')

@pytest.mark.parametrize('size', [(0,5),(5,0),(0,0)])
def test_no_pixels(tmp_path, size):
    (tmp_path/'a.ppm').write_bytes(b'P6 %d %d 255\n' % size)
    data = encoded(noise())
    at = data.index(b'\xff\xc0')+5
    (tmp_path/'a.jpg').write_bytes(data[:at] + size[1].to_bytes(2, 'big') + size[0].to_bytes(2, 'big') + data[at+4:])
    assert refused(tmp_path/'a.ppm') == refused(tmp_path/'a.jpg') == 'no picture'

def test_no_file(tmp_path):
    (tmp_path/'x.jpg').mkdir()
    assert refused(tmp_path/'x.jpg') == 'not a file'
    with pytest.raises(FileNotFoundError): open_picture(tmp_path/'none.jpg')
    assert readable_pictures([tmp_path/'none.jpg']) == ([], {tmp_path/'none.jpg': 'No such file or directory'})

@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no pipes here')
def test_a_pipe_that_nobody_writes_to(tmp_path):
    os.mkfifo(tmp_path/'a.jpg')
    t = threading.Thread(target=lambda: refused(tmp_path/'a.jpg'), daemon=True)
    t.start()
    t.join(20)
    assert not t.is_alive(), 'it would wait for ever'

def test_no_permission(tmp_path, monkeypatch):
    "Made by hand: a computer's first user may read all"
    path = tmp_path/'a.jpg'
    path.write_bytes(encoded(noise()))
    def denied(*args, **kwargs): raise PermissionError(13, 'Permission denied', str(path))
    monkeypatch.setattr(Image, 'open', denied)
    assert refused(path) == 'Permission denied'

# --- any bytes at all

SEEDS = {f: encoded(noise(24, 32), f) for f in ('JPEG','PNG','GIF','TIFF','BMP','WEBP','PPM','ICO','TGA')}
SEEDS |= {'turned': encoded(noise(24, 32), exif=turned(6)), '16 bits': encoded(np.arange(768, dtype=np.uint16).reshape(24,32), 'PNG'), 'floats': encoded(noise(24, 32)[...,0].astype(np.float32), 'TIFF'),
          'palette': encoded(Image.fromarray(noise(24, 32)).quantize(16), 'PNG', transparency=bytes(8)), 'CMYK': encoded(Image.fromarray(noise(24, 32)).convert('CMYK'))}

@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from([*SEEDS]), st.one_of(st.none(), st.integers(0, 4000)), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4), st.sampled_from([None,1,8]))
def test_any_bytes(tmp_path_factory, seed, cut, changes, side):
    "Cut and altered at random: a picture, or a line that names the file"
    data = bytearray(SEEDS[seed][:cut])
    for at,byte in changes:
        if at < len(data): data[at] = byte
    path = tmp_path_factory.getbasetemp()/'pug_3.jpg'
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try: img = open_picture(path, side)
        except ValueError as e: assert str(e).startswith('cannot read pug_3.jpg: ') and '\n' not in str(e) and len(str(e)) < 200
        else: assert img.mode == 'RGB' and min(img.size) > 0 and np.asarray(img).shape == (*img.size[::-1], 3)

@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_noise(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp()/'pug_3.jpg'
    path.write_bytes(data)
    try: open_picture(path)
    except ValueError as e: assert str(e).startswith('cannot read pug_3.jpg: ')

# --- a folder

def test_the_order_stays(tmp_path):
    files = [tmp_path/f'{i*7%30}.png' for i in range(30)]
    for i,o in enumerate(files): o.write_bytes(encoded(noise(), 'PNG')[:None if i%3 else 900])
    good,bad = readable_pictures(iter(files))
    assert good == [o for i,o in enumerate(files) if i%3] and [*bad] == files[::3] and {*bad.values()} == {'cut short'}
    assert readable_pictures([]) == ([],{})

def test_formats_that_need_a_plugin_are_found_from_threads(tmp_path, python):
    "In a new process, where PIL has loaded none and many threads ask at once; the names say nothing"
    for i,format in enumerate(['TIFF','WEBP','TGA','ICO','PCX','JPEG2000']*4): (tmp_path/f'{i}.jpg').write_bytes(encoded(noise(32, 32), format))
    p = python('import sys\nfrom pathlib import Path\nfrom fastbook_lesson4.data import *\nprint(readable_pictures(Path(sys.argv[1]).iterdir())[1])', tmp_path)
    assert p.stdout == '{}\n' and p.stderr == ''

def tree(path, *names):
    for o in names:
        (path/o).parent.mkdir(parents=True, exist_ok=True)
        (path/o).touch()

def names(path): return [o.relative_to(path).as_posix() for o in picture_files(path)]

def test_pictures_by_their_suffix(tmp_path):
    tree(tmp_path, 'b.jpg', 'A.JPEG', 'c.PnG', 'd/e.webp', 'd/f/g.gif', 'h.tif', 'i.bmp', 'notes.txt', 'list.csv', 'noend', 'x.jpg.part', 'jpg')
    (tmp_path/'z.jpg').mkdir()
    assert names(tmp_path) == ['A.JPEG','b.jpg','c.PnG','d/e.webp','d/f/g.gif','h.tif','i.bmp']

def test_the_same_as_fastai(tmp_path):
    from fastai.data.transforms import get_image_files
    tree(tmp_path, 'b.jpg', 'A.JPEG', 'c.PnG', 'd/f/g.gif', 'h.tif', 'i.bmp', 'j.svg', 'notes.txt', 'x.jpg.part')
    assert picture_files(tmp_path) == picture_files(str(tmp_path)) == sorted(get_image_files(tmp_path))

def test_hidden_ones_are_left_out(tmp_path):
    "macOS writes a `._pug_1.jpg` beside `pug_1.jpg`; Jupyter keeps copies in `.ipynb_checkpoints`"
    tree(tmp_path, 'pug_1.jpg', '._pug_1.jpg', '.jpg', '.ipynb_checkpoints/pug_1.jpg', 'a/.b/c.jpg', '__MACOSX/._pug_1.jpg')
    assert names(tmp_path) == ['pug_1.jpg']
    tree(tmp_path/'.cache'/'pets', 'pug_2.jpg')
    assert names(tmp_path/'.cache'/'pets') == ['pug_2.jpg'], 'the folder itself may be hidden'

def test_the_folder_images(tmp_path):
    tree(tmp_path, 'logo.png', 'images/pug_1.jpg', 'images/a/pug_2.jpg', 'annotations/trimaps/pug_1.png')
    assert names(tmp_path) == ['images/a/pug_2.jpg','images/pug_1.jpg']

def test_links(tmp_path):
    "Followed, as fastai does; one that leads back gives no picture twice"
    tree(tmp_path, 'far/pug_1.jpg', 'mine/pug_2.jpg')
    try: (tmp_path/'mine'/'far').symlink_to(tmp_path/'far')
    except OSError: pytest.skip('no links here')
    (tmp_path/'mine'/'round').symlink_to(tmp_path/'mine')
    (tmp_path/'mine'/'gone.jpg').symlink_to(tmp_path/'gone.jpg')
    assert names(tmp_path/'mine') == ['far/pug_1.jpg','gone.jpg','pug_2.jpg']
    assert readable_pictures([tmp_path/'mine'/'gone.jpg'])[1] == {tmp_path/'mine'/'gone.jpg': 'No such file or directory'}

def test_no_folder(tmp_path):
    tree(tmp_path, 'pug_1.jpg')
    (tmp_path/'empty').mkdir()
    assert picture_files(tmp_path/'empty') == []
    with pytest.raises(FileNotFoundError) as e: picture_files(tmp_path/'none')
    assert str(e.value) == f"no folder {tmp_path/'none'}"
    with pytest.raises(NotADirectoryError) as e: picture_files(tmp_path/'pug_1.jpg')
    assert str(e.value) == f"expected a folder, got file {tmp_path/'pug_1.jpg'}"

def test_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('USERPROFILE', str(tmp_path))
    tree(tmp_path, 'pets/pug_1.jpg')
    assert picture_files('~/pets') == [tmp_path/'pets'/'pug_1.jpg']

# --- photographs

@pytest.mark.skipif(not PHOTOS.is_dir(), reason='no photographs here')
def test_photographs():
    "All can be read, quickly, at the size that PIL gives them"
    files = picture_files(PHOTOS)
    start = time.process_time()
    assert readable_pictures(files) == (files,{}) and len(files) == 333
    assert time.process_time()-start < 10
    for o in files:
        with Image.open(o) as img: want = ImageOps.exif_transpose(img).convert('RGB')
        got = open_picture(o)
        assert got.size == want.size and got.tobytes() == want.tobytes(), o.name
        assert min(open_picture(o, 160).size) >= min(160, *want.size)
