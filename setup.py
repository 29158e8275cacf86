"The package's metadata, all of it from settings.ini"
from configparser import ConfigParser
from pathlib import Path
from shutil import copytree
from setuptools import setup
from setuptools.command.build_py import build_py

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).parent/'settings.ini', encoding='utf-8')
cfg = cfg['DEFAULT']
lib = cfg['lib_name']
statuses = {'3': '3 - Alpha', '4': '4 - Beta', '5': '5 - Production/Stable'}

class Build(build_py):
    "A wheel carries the explorable pictures; an editable install finds them where they are written"
    def run(self):
        super().run()
        if not self.editable_mode: copytree('nbs/explorables', Path(self.build_lib)/lib/'assets'/'explorables', dirs_exist_ok=True)

setup(
    name=lib, version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    project_urls={'Documentation': cfg['doc_host'] + cfg['doc_baseurl']},
    license={'apache2': 'Apache-2.0 AND BSD-3-Clause AND CC-BY-SA-3.0'}[cfg['license']], # the code, the Titanic, and the digits
    license_files=['LICENSE', f'{lib}/assets/LICENSE.md'],
    classifiers=[f'Development Status :: {statuses[cfg["status"]]}', f'Intended Audience :: {cfg["audience"]}',
                 f'Natural Language :: {cfg["language"]}', 'Programming Language :: Python :: 3'],
    packages=[lib], package_data={lib: ['assets/*']}, include_package_data=False, zip_safe=False, cmdclass={'build_py': Build},
    python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(),
    extras_require={'dev': cfg['dev_requirements'].split(), 'run': cfg['run_requirements'].split(),
                    'scale': cfg['scale_requirements'].split(), 'app': cfg['app_requirements'].split()},
    entry_points={'console_scripts': cfg['console_scripts'].split('\n'), 'nbdev': [f'{lib}={lib}._modidx:d']},
)
