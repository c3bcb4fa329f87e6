# SPDX-License-Identifier: GPL-3.0-or-later
"""SMB 2.1, signed, as far as a client of one pipe needs it, on impacket's structures."""

import hashlib
import hmac
import socketserver
import struct

from impacket import smb3structs as smb2
from impacket.nt_errors import (STATUS_ACCESS_DENIED, STATUS_BAD_NETWORK_NAME,
                                STATUS_BUFFER_OVERFLOW, STATUS_FILE_CLOSED,
                                STATUS_INVALID_PARAMETER, STATUS_LOGON_FAILURE,
                                STATUS_MORE_PROCESSING_REQUIRED, STATUS_NOT_SUPPORTED,
                                STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS)
from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp, TypesMech

from lesser_ntlm import Acceptor, NtlmError
from lesser_rpc import Pipe

NTLM = TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]
ACCEPTED, INCOMPLETE, REJECTED = b"\0", b"\1", b"\2"

MAGIC = b"\xfeSMB"
HEADER_SIZE = 64
# Where the buffer of a reply begins, from its header.
NEGOTIATE_BUFFER, SESSION_BUFFER, READ_BUFFER, IOCTL_BUFFER = 128, 72, 80, 112
SIGNATURE = slice(48, 64)
SIGNING_REQUIRED = 3    # and enabled
LARGEST = 65536
SERVER_ID = b"fsrvpd's lesser."
CREDITS = 64
GUEST, NOBODY = 1, 2
IPC = 2
OUTSIDE_SESSION = smb2.SMB2_NEGOTIATE, smb2.SMB2_SESSION_SETUP, smb2.SMB2_ECHO
READ_AND_WRITE = 0x0012019f
IOCTL = struct.Struct("<HHL16sLLLLL")

# What the SMB side can do wrong.
BEHAVIOURS = {
    "old-dialect": "the server takes SMB 2.0.2",
    "wrong-validation": "signed, the server says that it takes SMB 3.0: somebody lowered it to 2.1",
    "guest": "the session is a guest's, and nothing is signed",
    "signed-guest": "the session is a guest's, and signed",
    "null-session": "the session is nobody's, and signed",
    "unsigned-smb": "nothing is signed after the session is set up",
    "wrong-smb-signature": "one bit of each SMB2 signature is flipped after the session is set up",
}


def opening_blob():
    token = SPNEGO_NegTokenInit()
    token["MechTypes"] = [NTLM]
    return token.getData()


def reply_blob(state, token=None):
    blob = SPNEGO_NegTokenResp()
    blob["NegState"] = state
    if token is not None:
        blob["SupportedMech"] = NTLM
        blob["ResponseToken"] = token
    return blob.getData()


def buffer_of(data, offset, size):
    """What a message's offset and size, which count from its header, point to."""
    return data[offset:offset + size]


class Connection(socketserver.StreamRequestHandler):
    """One client: one session, one tree (IPC$), any number of pipes."""

    def setup(self):
        super().setup()
        self.options = self.server.options
        self.tally = self.server.tally
        self.acceptor = None
        self.key = None
        self.session_is_set_up = False
        self.pipes = {}
        self.commands = {
            smb2.SMB2_NEGOTIATE: self.negotiate,
            smb2.SMB2_SESSION_SETUP: self.session_setup,
            smb2.SMB2_LOGOFF: lambda _: (STATUS_SUCCESS, smb2.SMB2Logoff_Response()),
            smb2.SMB2_TREE_CONNECT: self.tree_connect,
            smb2.SMB2_TREE_DISCONNECT: self.tree_disconnect,
            smb2.SMB2_CREATE: self.create,
            smb2.SMB2_CLOSE: self.close,
            smb2.SMB2_READ: self.read,
            smb2.SMB2_WRITE: self.write,
            smb2.SMB2_IOCTL: self.ioctl,
            smb2.SMB2_ECHO: lambda _: (STATUS_SUCCESS, smb2.SMB2Echo()),
        }

    def handle(self):
        try:
            self.serve()
        except ConnectionError:
            pass    # the client cuts what it refuses

    def serve(self):
        while len(size := self.rfile.read(4)) == 4:
            data = self.rfile.read(struct.unpack(">L", size)[0])
            if not data.startswith(MAGIC):
                return
            packet = smb2.SMB2Packet(data)
            if packet["Command"] == smb2.SMB2_CANCEL:
                continue
            status, body = self.obey(packet, data)
            self.answer(packet, status, body)
            if packet["Command"] == smb2.SMB2_SESSION_SETUP and status == STATUS_SUCCESS:
                self.session_is_set_up = True

    def obey(self, packet, data):
        command = self.commands.get(packet["Command"])
        if command is None or packet["NextCommand"]:
            return STATUS_NOT_SUPPORTED, None
        if packet["Command"] not in OUTSIDE_SESSION and not (self.session_is_set_up
                                                             and self.is_signed(data)):
            self.tally.count("unsigned_requests")
            return STATUS_ACCESS_DENIED, None
        try:
            return command(data)
        except (ValueError, struct.error):
            return STATUS_INVALID_PARAMETER, None

    def signature(self, data):
        blank = data[:SIGNATURE.start] + bytes(16) + data[SIGNATURE.stop:]
        return hmac.new(self.key, blank, hashlib.sha256).digest()[:16]

    def is_signed(self, data):
        return self.options.behave == "guest" or hmac.compare_digest(self.signature(data),
                                                                     data[SIGNATURE])

    def answer(self, packet, status, body):
        reply = smb2.SMB2Packet()
        for field in "Command", "MessageID", "CreditCharge":
            reply[field] = packet[field]
        reply["CreditRequestResponse"] = CREDITS
        reply["SessionID"] = 1 if packet["Command"] else 0
        reply["TreeID"] = 1 if packet["Command"] > smb2.SMB2_LOGOFF else 0
        reply["Status"] = status
        reply["Flags"] = smb2.SMB2_FLAGS_SERVER_TO_REDIR
        reply["Signature"] = bytes(16)
        reply["Data"] = (body or smb2.SMB2Error()).getData()
        signs = self.key is not None and self.will_sign()
        if signs:
            reply["Flags"] |= smb2.SMB2_FLAGS_SIGNED
        data = reply.getData()
        if signs:
            data = data[:SIGNATURE.start] + self.sent_signature(data) + data[SIGNATURE.stop:]
        self.wfile.write(struct.pack(">L", len(data)) + data)

    def will_sign(self):
        return not (self.options.behave == "guest"
                    or self.session_is_set_up and self.tally.misbehaves("unsigned-smb"))

    def sent_signature(self, data):
        signature = bytearray(self.signature(data))
        if self.session_is_set_up and self.tally.misbehaves("wrong-smb-signature"):
            signature[0] ^= 1
        return bytes(signature)

    def negotiate(self, _):
        blob = opening_blob()
        body = smb2.SMB2Negotiate_Response()
        body["SecurityMode"] = SIGNING_REQUIRED
        body["DialectRevision"] = smb2.SMB2_DIALECT_21
        if self.tally.misbehaves("old-dialect"):
            body["DialectRevision"] = smb2.SMB2_DIALECT_002
        body["ServerGuid"] = SERVER_ID
        body["MaxTransactSize"] = body["MaxReadSize"] = body["MaxWriteSize"] = LARGEST
        body["SecurityBufferOffset"] = NEGOTIATE_BUFFER
        body["SecurityBufferLength"] = len(blob)
        body["Buffer"] = blob
        return STATUS_SUCCESS, body

    def session_setup(self, data):
        request = smb2.SMB2SessionSetup(data[HEADER_SIZE:])
        blob = buffer_of(data, request["SecurityBufferOffset"], request["SecurityBufferLength"])
        if self.acceptor is None:
            self.acceptor = Acceptor(self.options.user, self.options.password)
            challenge = self.acceptor.challenge(SPNEGO_NegTokenInit(blob)["MechToken"])
            return STATUS_MORE_PROCESSING_REQUIRED, self.session(reply_blob(INCOMPLETE, challenge))
        acceptor, self.acceptor = self.acceptor, None
        try:
            self.key = acceptor.accept(SPNEGO_NegTokenResp(blob)["ResponseToken"]).key
        except NtlmError:
            self.tally.count("failed_logins")
            return STATUS_LOGON_FAILURE, None
        self.tally.count("logins")
        flags = 0
        if self.tally.misbehaves("guest") or self.tally.misbehaves("signed-guest"):
            flags = GUEST
        elif self.tally.misbehaves("null-session"):
            flags = NOBODY
        return STATUS_SUCCESS, self.session(reply_blob(ACCEPTED), flags)

    def session(self, blob, flags=0):
        body = smb2.SMB2SessionSetup_Response()
        body["SessionFlags"] = flags
        body["SecurityBufferOffset"] = SESSION_BUFFER
        body["SecurityBufferLength"] = len(blob)
        body["Buffer"] = blob
        return body

    def tree_connect(self, data):
        request = smb2.SMB2TreeConnect(data[HEADER_SIZE:])
        path = buffer_of(data, request["PathOffset"], request["PathLength"]).decode("utf-16-le")
        if not path.upper().endswith("\\IPC$"):
            return STATUS_BAD_NETWORK_NAME, None
        body = smb2.SMB2TreeConnect_Response()
        body["ShareType"] = IPC
        body["MaximalAccess"] = READ_AND_WRITE
        return STATUS_SUCCESS, body

    def tree_disconnect(self, _):
        self.pipes.clear()
        return STATUS_SUCCESS, smb2.SMB2TreeDisconnect_Response()

    def create(self, data):
        request = smb2.SMB2Create(data[HEADER_SIZE:])
        name = buffer_of(data, request["NameOffset"], request["NameLength"]).decode("utf-16-le")
        if name.lower() != "fssagentrpc":
            return STATUS_OBJECT_NAME_NOT_FOUND, None
        handle = smb2.SMB2_FILEID()
        handle["Persistent"] = handle["Volatile"] = self.tally.count("opened")
        self.pipes[handle.getData()] = Pipe(self.options, self.tally)
        body = smb2.SMB2Create_Response()
        body["CreateAction"] = 1
        body["FileAttributes"] = 0x80
        body["FileID"] = handle
        body["CreateContextsOffset"] = 0
        body["Buffer"] = b""
        return STATUS_SUCCESS, body

    def close(self, data):
        request = smb2.SMB2Close(data[HEADER_SIZE:])
        if self.pipes.pop(request["FileID"].getData(), None) is None:
            return STATUS_FILE_CLOSED, None
        return STATUS_SUCCESS, smb2.SMB2Close_Response()

    def read(self, data):
        request = smb2.SMB2Read(data[HEADER_SIZE:])
        pipe = self.pipes.get(request["FileID"].getData())
        if pipe is None:
            return STATUS_FILE_CLOSED, None
        status, part = pipe.read(request["Length"])
        if status not in (STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW):
            return status, None
        body = smb2.SMB2Read_Response()
        body["DataOffset"] = READ_BUFFER
        body["DataLength"] = len(part)
        body["Buffer"] = part
        return status, body

    def write(self, data):
        request = smb2.SMB2Write(data[HEADER_SIZE:])
        pipe = self.pipes.get(request["FileID"].getData())
        if pipe is None:
            return STATUS_FILE_CLOSED, None
        pipe.write(buffer_of(data, request["DataOffset"], request["Length"]))
        body = smb2.SMB2Write_Response()
        body["Count"] = request["Length"]
        return STATUS_SUCCESS, body

    def negotiated(self):
        """What was negotiated, again, now under the session's signature."""
        self.tally.count("validations")
        dialect = smb2.SMB2_DIALECT_21
        if self.tally.misbehaves("wrong-validation"):
            dialect = smb2.SMB2_DIALECT_30
        return struct.pack("<L16sHH", 0, SERVER_ID, SIGNING_REQUIRED, dialect)

    def ioctl(self, data):
        """FSCTL_PIPE_TRANSCEIVE, a write and a read in one; and what SMB 3 clients ask first."""
        (_, _, code, handle, offset, size, _, _, _) = IOCTL.unpack_from(data, HEADER_SIZE)
        limit, = struct.unpack_from("<L", data, HEADER_SIZE + IOCTL.size)
        if code == smb2.FSCTL_VALIDATE_NEGOTIATE_INFO:
            status, part = STATUS_SUCCESS, self.negotiated()
        elif code != smb2.FSCTL_PIPE_TRANSCEIVE:
            return STATUS_NOT_SUPPORTED, None
        elif handle not in self.pipes:
            return STATUS_FILE_CLOSED, None
        else:
            self.pipes[handle].write(buffer_of(data, offset, size))
            status, part = self.pipes[handle].read(limit)
        if status not in (STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW):
            return status, None
        body = smb2.SMB2Ioctl_Response()
        body["CtlCode"] = code
        body["FileID"] = smb2.SMB2_FILEID(handle)
        body["InputOffset"] = body["OutputOffset"] = IOCTL_BUFFER
        body["OutputCount"] = len(part)
        body["Buffer"] = part
        return status, body
