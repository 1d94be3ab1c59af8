"""A server that speaks MongoDB's protocol, of the tests' own: its data in a folder, on a free port
of 127.0.0.1. mongod where there is one, else the FerretDB that packaging/ferretdb built. What the
two differ in is what `is_mongod` is asked for."""

import os
import shutil
import signal

import harness
import pymongo

USER = "weir"
PASSWORD = "it's \"s3cret\" \\ %40:/@"
FERRETDB = harness.REPOSITORY / "build" / "tools" / "ferretdb"
URI = os.environ.get("WEIR_TEST_MONGODB_URI")  # of a user who may do anything


def program():
    """The server to start; None: there is none here."""
    return (
        shutil.which("mongod")
        or (str(FERRETDB) if FERRETDB.exists() else None)
        or shutil.which("ferretdb")
    )


class Server:
    """Started, stopped, started again on the same data and port."""

    def __init__(self, folder):
        self.folder = folder
        self.program = program()
        self.is_mongod = self.program.endswith("mongod")
        self.port, self.tls_port = harness.free_port(), harness.free_port()
        self.process = None
        self.has_user = False

    def command(self, certificates, certificate, read_only):
        if self.is_mongod:
            command = [
                self.program, f"--dbpath={self.folder}", f"--port={self.port}",
                "--bind_ip=127.0.0.1", "--auth", "--wiredTigerCacheSizeGB=0.25",
            ]  # fmt: skip
            if certificates:
                pem = self.folder / "server.pem"
                pem.write_text(
                    (certificates / f"{certificate}.pem").read_text()
                    + (certificates / f"{certificate}.key").read_text()
                )
                command += ["--tlsMode=preferTLS", f"--tlsCertificateKeyFile={pem}",
                            f"--tlsCAFile={certificates}/ca.pem"]  # fmt: skip
                self.tls_port = self.port
            return command
        mode = "?mode=ro" if read_only else ""
        command = [
            self.program, "--handler=sqlite", f"--sqlite-url=file:{self.folder}/{mode}",
            f"--listen-addr=127.0.0.1:{self.port}", "--debug-addr=-", "--telemetry=disable",
            f"--state-dir={self.folder}", "--log-level=WARN", "--test-enable-new-auth",
        ]  # fmt: skip
        if not self.has_user:
            command += ["--setup-database=admin", f"--setup-username={USER}",
                        f"--setup-password={PASSWORD}"]  # fmt: skip
        if certificates:
            command += [f"--listen-tls=127.0.0.1:{self.tls_port}",
                        f"--listen-tls-cert-file={certificates}/{certificate}.pem",
                        f"--listen-tls-key-file={certificates}/{certificate}.key",
                        f"--listen-tls-ca-file={certificates}/ca.pem"]  # fmt: skip
        return command

    def start(self, certificates=None, certificate="server", read_only=False):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = harness.Process(
            self.command(certificates, certificate, read_only), self.folder / "server.log"
        )

        def ready():
            assert self.process.running(), self.process.log()
            try:
                if self.is_mongod and not self.has_user:
                    with pymongo.MongoClient("127.0.0.1", self.port) as client:
                        client.admin.command("createUser", USER, pwd=PASSWORD, roles=["root"])
                with self.client() as client:
                    return client.admin.command("ping")
            except pymongo.errors.PyMongoError as error:
                raise AssertionError(str(error)) from None

        harness.poll(ready, timeout=120, what="the server is ready")
        self.has_user = True
        return self

    def client(self):
        return pymongo.MongoClient(
            "127.0.0.1", self.port, username=USER, password=PASSWORD, authSource="admin",
            serverSelectionTimeoutMS=30_000, tz_aware=False,
        )  # fmt: skip

    def url(self, database, port=None):
        return f"mongodb://{USER}@127.0.0.1:{port or self.port}/{database}?authSource=admin"

    def stop(self):
        code = self.process.stop(120)
        assert code == 0, self.process.log()

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def pause(self):
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)


class External:
    """The server of WEIR_TEST_MONGODB_URI: the same for those tests that do not stop it."""

    is_mongod = True

    def client(self):
        return pymongo.MongoClient(URI)

    def url(self, database):
        parsed = pymongo.uri_parser.parse_uri(URI)
        hosts = ",".join(f"{host}:{port}" for host, port in parsed["nodelist"])
        user = f"{parsed['username']}@" if parsed["username"] else ""
        source = parsed["options"].get("authsource", "admin")
        return f"mongodb://{user}{hosts}/{database}?authSource={source}"

    @property
    def password(self):
        return pymongo.uri_parser.parse_uri(URI)["password"] or ""

    def stop(self):
        pass
