"""A MariaDB server of the tests' own: its data in a folder, on a free port of 127.0.0.1 and a
socket, run as whoever runs the tests."""

import getpass
import shutil
import subprocess
from pathlib import Path

import harness
import pymysql

PASSWORD = "it's \"s3cret\" \\ %40"


def install(folder):
    """An empty data directory; takes seconds, so that servers are made from copies of one."""
    done = subprocess.run(
        [
            harness.tool("mariadb-install-db"), "--no-defaults", f"--datadir={folder}",
            f"--user={getpass.getuser()}", "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


class Server:
    """Started, stopped, started again on the same data and port."""

    def __init__(self, folder, installed):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        shutil.copytree(installed, self.data)
        self.port = harness.free_port()
        # A path of a socket has at most 107 bytes.
        self.socket = f"/tmp/weir-mysql-{self.port}.sock"
        self.process = None

    def start(self, *options):
        self.process = harness.Process(
            [
                harness.tool("mariadbd"), "--no-defaults", f"--datadir={self.data}",
                f"--user={getpass.getuser()}", f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--socket={self.socket}",
                f"--pid-file={self.folder}/pid", "--skip-name-resolve",
                "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2",
                "--loose-innodb-log-file-size=48M", *options,
            ],
            self.folder / "server.log",
        )  # fmt: skip

        def ready():
            assert self.process.running(), self.process.log()
            try:
                self.root().close()
                return True
            except pymysql.err.OperationalError as error:
                raise AssertionError(str(error)) from None

        harness.poll(ready, timeout=120, what="MariaDB is ready")
        return self

    def root(self, database=None):
        return pymysql.connect(
            unix_socket=self.socket, user="root", database=database, charset="utf8mb4",
            autocommit=True,
        )  # fmt: skip

    def database(self, name, grants="ALL"):
        """An empty database with a user of its name."""
        self.query(None, f"CREATE OR REPLACE DATABASE `{name}` CHARACTER SET utf8mb4")
        self.query(None, f"CREATE OR REPLACE USER `{name}`@`%%` IDENTIFIED BY %s", PASSWORD)
        self.query(None, f"GRANT {grants} ON `{name}`.* TO `{name}`@`%`")

    def query(self, database, sql, *values):
        with self.root(database) as root, root.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def stop(self):
        code = self.process.stop(120)
        assert code == 0, self.process.log()

    def kill(self):
        if self.process is not None:
            self.process.kill()
