"""A peer built on libpurple 2, the library of Pidgin and Finch: sends and receives files by SI, without a display.

Usage: purple_peer.py <full jid> <port> <ca> <command>, with the password in INBAND_PASSWORD:
  send <contact's full jid> <path>     when the contact comes online
  receive <path>                       the first file that is offered
  receive-all <folder> <count>         as many files; the hash of all of them, in the order of the offers
  decline                              declines it
Prints `ready` when it is online, `offer <name> <size>`, and `done <sha256>`, `cancelled` or `declined` at the end.
With PURPLE_DEBUG it writes libpurple's own log to standard output as well. It trusts whatever server it finds, and
looks at no CA.
"""

import ctypes
import hashlib
import os
import signal
import sys
import tempfile
from ctypes import CFUNCTYPE, c_char_p, c_int, c_uint, c_void_p
from pathlib import Path

purple = ctypes.CDLL("libpurple.so.0", ctypes.RTLD_GLOBAL)  # its plugins look for it
glib = ctypes.CDLL("libglib-2.0.so.0")

for library, names in {
    purple: (
        "purple_account_new",
        "purple_account_get_connection",
        "purple_blist_get_handle",
        "purple_blist_new",
        "purple_certificate_find_verifier",
        "purple_connections_get_handle",
        "purple_savedstatus_new",
        "purple_xfers_get_handle",
        "purple_xfer_get_filename",
    ),
    glib: ("g_main_loop_new",),
}.items():
    for name in names:
        getattr(library, name).restype = c_void_p
purple.purple_xfer_get_filename.restype = c_char_p
purple.purple_xfer_get_size.restype = ctypes.c_size_t

READ, WRITE = 1, 2  # PurpleInputCondition
G_IO_IN, G_IO_OUT, G_IO_ERR, G_IO_HUP, G_IO_NVAL = 1, 4, 8, 16, 32
STATUS_AVAILABLE = 2
CERTIFICATE_VALID = 1

ON_INPUT = CFUNCTYPE(None, c_void_p, c_int, c_int)
ON_FD = CFUNCTYPE(c_int, c_int, c_int, c_void_p)
ON_IDLE = CFUNCTYPE(c_int, c_void_p)
ON_EVENT = CFUNCTYPE(None, c_void_p, c_void_p)
ADD_INPUT = CFUNCTYPE(c_uint, c_int, c_int, c_void_p, c_void_p)
VERIFY = CFUNCTYPE(None, c_void_p)

kept = []  # what C holds on to must not be collected


def keep(callback):
    kept.append(callback)
    return callback


def say(text):
    print(text, flush=True)


class EventLoop(ctypes.Structure):
    """PurpleEventLoopUiOps"""

    _fields_ = [
        ("timeout_add", c_void_p),
        ("timeout_remove", c_void_p),
        ("input_add", ADD_INPUT),
        ("input_remove", c_void_p),
        ("input_get_error", c_void_p),
        ("timeout_add_seconds", c_void_p),
        ("reserved", c_void_p * 3),
    ]


class Verifier(ctypes.Structure):
    """The beginning of PurpleCertificateVerifier"""

    _fields_ = [
        ("scheme_name", c_char_p),
        ("name", c_char_p),
        ("start_verification", VERIFY),
    ]


@ADD_INPUT
def add_input(fd, condition, function, data):
    call = ON_INPUT(function)

    @ON_FD
    def ready(fd, events, _):
        found = (READ if events & (G_IO_IN | G_IO_HUP | G_IO_ERR) else 0) | (
            WRITE if events & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL) else 0
        )
        call(data, fd, found)
        return 1

    keep(ready)
    wanted = (G_IO_IN | G_IO_HUP | G_IO_ERR if condition & READ else 0) | (
        G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL if condition & WRITE else 0
    )
    return glib.g_unix_fd_add(fd, wanted, ready, None)


def address(function):
    return ctypes.cast(function, c_void_p)


def start_purple(folder):
    loop = keep(EventLoop())
    loop.timeout_add = address(glib.g_timeout_add)
    loop.timeout_remove = address(glib.g_source_remove)
    loop.input_add = add_input
    loop.input_remove = address(glib.g_source_remove)
    loop.timeout_add_seconds = address(glib.g_timeout_add_seconds)
    purple.purple_util_set_user_dir(folder.encode())
    purple.purple_debug_set_enabled(int("PURPLE_DEBUG" in os.environ))
    purple.purple_eventloop_set_ui_ops(ctypes.byref(loop))
    if not purple.purple_core_init(b"inband-test"):
        raise RuntimeError("libpurple does not start")
    purple.purple_set_blist(c_void_p(purple.purple_blist_new()))
    trust_all()


def trust_all():
    """Nobody is there to be asked about the certificate of a test server."""
    found = purple.purple_certificate_find_verifier(b"x509", b"tls_cached")
    verifier = ctypes.cast(found, ctypes.POINTER(Verifier)).contents
    verifier.start_verification = keep(
        VERIFY(lambda request: purple.purple_certificate_verify_complete(c_void_p(request), CERTIFICATE_VALID))
    )


def connect(handle, name, callback):
    function = keep(ON_EVENT(lambda subject, _: callback(c_void_p(subject))))
    purple.purple_signal_connect(c_void_p(handle), name.encode(), c_void_p(1), function, None)


def soon(call):
    """From the event loop, not from within libpurple."""

    def once(_):
        call()
        return 0

    glib.g_timeout_add(0, keep(ON_IDLE(once)), None)


def log_in(jid, port):
    account = c_void_p(purple.purple_account_new(jid.encode(), b"prpl-jabber"))
    purple.purple_account_set_password(account, os.environ["INBAND_PASSWORD"].encode())
    purple.purple_account_set_string(account, b"connect_server", b"127.0.0.1")
    purple.purple_account_set_int(account, b"port", int(port))
    purple.purple_accounts_add(account)
    purple.purple_account_set_enabled(account, b"inband-test", 1)
    status = c_void_p(purple.purple_savedstatus_new(None, STATUS_AVAILABLE))
    purple.purple_savedstatus_activate(status)
    return account


def main(jid, port, _ca, command, *args):
    folder = tempfile.TemporaryDirectory()
    start_purple(folder.name)
    loop = c_void_p(glib.g_main_loop_new(None, 0))

    def end(text):
        say(text)
        soon(lambda: glib.g_main_loop_quit(loop))

    names = []

    def tell_all():
        if len(names) == int(args[1]):
            files = [Path(args[0], name).read_bytes() for name in names]
            end(f"done {hashlib.sha256(b''.join(files)).hexdigest()}")

    def tell_hash():
        end(f"done {hashlib.sha256(Path(args[-1]).read_bytes()).hexdigest()}")

    def done(_):
        soon(tell_all if command == "receive-all" else tell_hash)  # the file is closed by then

    def offered(xfer):
        name = purple.purple_xfer_get_filename(xfer).decode()
        say(f"offer {name} {purple.purple_xfer_get_size(xfer)}")
        if command == "receive":
            purple.purple_xfer_request_accepted(xfer, args[0].encode())
        elif command == "receive-all":
            names.append(name)
            purple.purple_xfer_request_accepted(xfer, str(Path(args[0], name)).encode())
        else:
            soon(lambda: purple.purple_xfer_request_denied(xfer))
            end("declined")

    def send(_):
        connection = c_void_p(purple.purple_account_get_connection(account))
        peer, path = (arg.encode() for arg in args)
        soon(lambda: purple.serv_send_file(connection, peer, path))

    xfers = purple.purple_xfers_get_handle()
    connect(xfers, "file-recv-request", offered)
    for way in ("recv", "send"):
        connect(xfers, f"file-{way}-complete", done)
        connect(xfers, f"file-{way}-cancel", lambda _: end("cancelled"))
    connections = purple.purple_connections_get_handle()
    connect(connections, "signed-on", lambda _: say("ready"))
    if command == "send":
        connect(purple.purple_blist_get_handle(), "buddy-signed-on", send)
    account = log_in(jid, port)
    glib.g_main_loop_run(loop)
    purple.purple_core_quit()


signal.signal(signal.SIGINT, signal.SIG_DFL)  # the loop is not Python's
main(*sys.argv[1:])
