# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipe FssagentRpc: DCE/RPC with raw NTLM, a little of FSRVP, and misbehaviours by name."""

import collections
import struct

from impacket import ntlm
from impacket.dcerpc.v5 import rpcrt
from impacket.nt_errors import STATUS_BUFFER_OVERFLOW, STATUS_PIPE_EMPTY, STATUS_SUCCESS
from impacket.uuid import uuidtup_to_bin

from lesser_ntlm import Acceptor, NtlmError

FSRVP = uuidtup_to_bin(("a8e0653c-2744-4389-a61d-7373df8b2292", "1.0"))
NDR = uuidtup_to_bin(("8a885d04-1ceb-11c9-9fe8-08002b104860", "2.0"))
ADDRESS = b"\\pipe\\FssagentRpc\0"
FRAGMENT = 4280

WHOLE, HEADER_SIGNING, DID_NOT_EXECUTE = 0x03, 0x04, 0x20
NTLM, SPNEGO = 10, 9
INTEGRITY, PRIVACY = 5, 6

ACCESS_DENIED, SECURITY_ERROR, UNKNOWN_OPERATION, PROTOCOL_ERROR = (
    0x5, 0x721, 0x1c010002, 0x1c01000b)
NAK_AUTH_TYPE = 8
PROVIDER_REJECTS = 2

HEADER = struct.Struct("<BBBBLHHL")
CALL = struct.Struct("<LHH")    # alloc_hint, context id, opnum or cancel count
TRAILER_SIZE, SIGNATURE_SIZE = 8, 16

GET_SUPPORTED_VERSION, IS_PATH_SUPPORTED = 0, 8

# What the RPC side can do wrong; each is one deviation from a correct server.
BEHAVIOURS = {
    "lower-level": "bind_ack and replies have, and are protected at, one level less than asked for",
    "lower-level-reply": "only the replies are",
    "other-type": "bind_ack and replies claim SPNEGO where NTLM was asked for",
    "other-type-reply": "only the replies do",
    "other-context-reply": "replies have another auth_context_id",
    "no-header-signing": "bind_ack does not have the flag for header signing",
    "no-auth": "bind_ack has no authentication data",
    "bind-nak": "the bind is refused: authentication type not recognized",
    "plain-reply": "a reply without verifier to a protected call",
    "wrong-verifier": "one bit of each reply's signature is flipped",
    "wrong-sequence": "each reply is signed with the next one's sequence number",
    "fault-access": "calls are answered with fault 5, access denied",
    "fault-zero": "calls are answered with a fault of status 0",
    "wrong-password-at-rpc": "RPC knows another password than SMB",
    "ntlm-no-seal": "RPC's NTLM has no encryption",
    "ntlm-no-sign": "RPC's NTLM has no signatures",
    "ntlm-short-key": "RPC's NTLM has no keys of 128 bits",
    "ntlm-no-key-exchange": "RPC's NTLM takes no key from the client",
}

WITHHELD = {
    "ntlm-no-seal": ntlm.NTLMSSP_NEGOTIATE_SEAL,
    "ntlm-no-sign": ntlm.NTLMSSP_NEGOTIATE_SIGN | ntlm.NTLMSSP_NEGOTIATE_ALWAYS_SIGN,
    "ntlm-short-key": ntlm.NTLMSSP_NEGOTIATE_128,
    "ntlm-no-key-exchange": ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH,
}


def align(data, size):
    return data + bytes(-len(data) % size)


def make_pdu(kind, call_id, body, flags=WHOLE, auth=b""):
    """A PDU whose body ends with the trailer where it has one."""
    size = HEADER.size + len(body) + len(auth)
    return HEADER.pack(5, 0, kind, flags, 0x10, size, len(auth), call_id) + body + auth


class Pdu:
    """A PDU as it came."""

    def __init__(self, data):
        (_, _, self.kind, self.flags, _,
         self.size, self.auth_size, self.call_id) = HEADER.unpack_from(data)
        if self.size != len(data) or self.auth_size + TRAILER_SIZE + HEADER.size > self.size:
            raise ValueError("a message that is no PDU")
        self.data = data
        self.auth = data[self.size - self.auth_size:]
        self.signed = data[:self.size - self.auth_size]
        self.trailer = (rpcrt.SEC_TRAILER(self.signed[-TRAILER_SIZE:]) if self.auth_size else None)


class Security:
    """An authentication of the pipe, under way or done."""

    def __init__(self, trailer, acceptor):
        self.type = trailer["auth_type"]
        self.level = trailer["auth_level"]
        self.id = trailer["auth_ctx_id"]
        self.acceptor = acceptor
        self.context = None

    def accept(self, token):
        try:
            self.context = self.acceptor.accept(token)
        except NtlmError:
            pass    # an auth3 has no answer: the first call shows it

    def protects(self):
        return self.context is not None and self.level in (INTEGRITY, PRIVACY)

    def unprotect(self, pdu):
        """The stub of a request, or None where its protection does not verify."""
        start = HEADER.size + CALL.size
        stub = pdu.signed[start:-TRAILER_SIZE]
        if self.level == PRIVACY:
            stub = self.context.incoming.crypt(stub)
        plain = pdu.signed[:start] + stub + pdu.signed[-TRAILER_SIZE:]
        if not self.context.incoming.verifies(plain, pdu.auth):
            return None
        return stub[:len(stub) - pdu.trailer["auth_pad_len"]]


class Pipe:
    """One open pipe in message mode: a write is a PDU, a read is of one PDU or a part of it."""

    def __init__(self, options, tally):
        self.options = options
        self.tally = tally
        self.outgoing = collections.deque()
        self.security = None

    def read(self, limit):
        if not self.outgoing:
            return STATUS_PIPE_EMPTY, b""
        limit = min(limit, self.options.piece or limit)
        message = self.outgoing.popleft()
        if len(message) <= limit:
            return STATUS_SUCCESS, message
        self.outgoing.appendleft(message[limit:])
        self.tally.count("overflows")
        return STATUS_BUFFER_OVERFLOW, message[:limit]

    def write(self, message):
        pdu = Pdu(message)
        if pdu.kind == rpcrt.MSRPC_AUTH3 and self.security is not None:
            self.security.accept(pdu.auth)
            return
        if pdu.flags & WHOLE != WHOLE:
            answer = self.fault(pdu, PROTOCOL_ERROR)
        elif pdu.kind == rpcrt.MSRPC_BIND:
            answer = self.bind(pdu)
        elif pdu.kind == rpcrt.MSRPC_REQUEST:
            answer = self.request(pdu)
        else:
            answer = self.fault(pdu, PROTOCOL_ERROR)
        self.outgoing.append(answer)

    def bind(self, pdu):
        self.tally.count("binds")
        if self.tally.misbehaves("bind-nak"):
            return make_pdu(rpcrt.MSRPC_BINDNAK, pdu.call_id, struct.pack("<HB", NAK_AUTH_TYPE, 0))
        flags = pdu.flags & (WHOLE | HEADER_SIGNING)
        if flags & HEADER_SIGNING and self.tally.misbehaves("no-header-signing"):
            flags &= ~HEADER_SIGNING
        body = self.acknowledgement(pdu)
        if pdu.trailer is None or self.tally.misbehaves("no-auth"):
            return make_pdu(rpcrt.MSRPC_BINDACK, pdu.call_id, body, flags)
        if pdu.trailer["auth_type"] != NTLM:
            return make_pdu(rpcrt.MSRPC_BINDNAK, pdu.call_id, struct.pack("<HB", NAK_AUTH_TYPE, 0))
        self.security = Security(pdu.trailer, self.acceptor())
        token = self.security.acceptor.challenge(pdu.auth)
        return make_pdu(rpcrt.MSRPC_BINDACK, pdu.call_id, body + self.trailer(0), flags, token)

    def acceptor(self):
        password = self.options.password
        if self.tally.misbehaves("wrong-password-at-rpc"):
            password += "x"
        withheld = sum(flags for name, flags in WITHHELD.items() if self.tally.misbehaves(name))
        return Acceptor(self.options.user, password, withheld)

    def acknowledgement(self, pdu):
        """The body of a bind_ack: takes what is FSRVP by NDR."""
        bind = rpcrt.MSRPCBind(pdu.data[HEADER.size:])
        items, results = bind["ctx_items"], b""
        size = len(rpcrt.CtxItem())
        for start in range(0, len(items), size):
            item = rpcrt.CtxItem(items[start:start + size])
            result = rpcrt.CtxItemResult()
            result["Reason"] = (1 if item["AbstractSyntax"] != FSRVP else
                                2 if item["TransferSyntax"] != NDR else 0)
            result["Result"] = PROVIDER_REJECTS if result["Reason"] else 0
            result["TransferSyntax"] = bytes(len(NDR)) if result["Reason"] else NDR
            results += result.getData()
        head = struct.pack("<HHLH", FRAGMENT, FRAGMENT, 1, len(ADDRESS)) + ADDRESS
        return align(head, 4) + struct.pack("<L", bind["ctx_num"]) + results

    def trailer(self, pad, in_reply=False):
        trailer = rpcrt.SEC_TRAILER()
        trailer["auth_type"] = self.security.type
        trailer["auth_level"] = self.security.level
        trailer["auth_ctx_id"] = self.security.id
        trailer["auth_pad_len"] = pad
        if self.deviates("lower-level", in_reply):
            trailer["auth_level"] -= 1
        if self.deviates("other-type", in_reply):
            trailer["auth_type"] = SPNEGO
        if in_reply and self.tally.misbehaves("other-context-reply"):
            trailer["auth_ctx_id"] += 1
        return trailer.getData()

    def deviates(self, name, in_reply):
        return self.tally.misbehaves(name) or in_reply and self.tally.misbehaves(f"{name}-reply")

    def request(self, pdu):
        _, _, opnum = CALL.unpack_from(pdu.data, HEADER.size)
        self.tally.call(opnum)
        if self.tally.misbehaves("fault-access"):
            return self.fault(pdu, ACCESS_DENIED)
        if self.tally.misbehaves("fault-zero"):
            return self.fault(pdu, 0)
        if pdu.trailer is None:
            self.tally.count("plain_calls")
            return self.fault(pdu, ACCESS_DENIED)
        if self.security is None or not self.security.protects():
            return self.fault(pdu, ACCESS_DENIED)
        if self.security.unprotect(pdu) is None:
            self.tally.count("broken_calls")
            return self.fault(pdu, SECURITY_ERROR)
        result = self.operation(opnum)
        if result is None:
            return self.fault(pdu, UNKNOWN_OPERATION, DID_NOT_EXECUTE)
        return self.reply(pdu, result)

    def operation(self, opnum):
        """The stub of the answer, or None."""
        if opnum == GET_SUPPORTED_VERSION:
            return struct.pack("<LLL", 1, 1, 0)
        if opnum == IS_PATH_SUPPORTED:
            owner = (self.options.owner + "\0").encode("utf-16-le")
            units = len(owner) // 2
            head = struct.pack("<LLLLL", 1, 0x20000, units, 0, units)
            return align(head + owner, 4) + struct.pack("<L", 0)
        return None

    def fault(self, pdu, status, flags=0):
        body = CALL.pack(24, 0, 0) + struct.pack("<LL", status, 0)
        return make_pdu(rpcrt.MSRPC_FAULT, pdu.call_id, body, WHOLE | flags)

    def reply(self, pdu, stub):
        head = CALL.pack(len(stub), 0, 0)
        if self.tally.misbehaves("plain-reply"):
            return make_pdu(rpcrt.MSRPC_RESPONSE, pdu.call_id, head + stub)
        padded = align(stub, 16)
        trailer = self.trailer(len(padded) - len(stub), in_reply=True)
        return self.protected(pdu.call_id, head, padded, trailer)

    def protected(self, call_id, head, stub, trailer):
        """A response at the level that its trailer tells."""
        sender = self.security.context.outgoing
        if self.tally.misbehaves("wrong-sequence"):
            sender.sequence += 1
        # The header that is signed has the signature's size.
        blank = bytes(SIGNATURE_SIZE)
        plain = make_pdu(rpcrt.MSRPC_RESPONSE, call_id, head + stub + trailer, auth=blank)
        sealed = rpcrt.SEC_TRAILER(trailer)["auth_level"] == PRIVACY
        # The stream of RC4 goes on from the stub to the signature.
        sent = sender.crypt(stub) if sealed else stub
        signature = bytearray(sender.sign(plain[:-SIGNATURE_SIZE]))
        if self.tally.misbehaves("wrong-verifier"):
            signature[4] ^= 1
        return make_pdu(rpcrt.MSRPC_RESPONSE, call_id, head + sent + trailer, auth=bytes(signature))
