"""Names that tell how fast a loop goes: what only reorders its items, what it waits for, and whom it talks to."""

REORDERING = frozenset(
    [
        "builtins.enumerate",
        "builtins.sorted",
        "builtins.reversed",
        "builtins.list",
        "builtins.tuple",
        "builtins.set",
        "builtins.zip",
        "tqdm.tqdm",
    ]
)
PACING = frozenset(["sleep", "wait_for_message", "lpop", "rpop", "blpop", "brpop", "get_nowait"])
STREAMS = frozenset(
    [
        "websocket",
        "ws",
        "socket",
        "consumer",
        "pubsub",
        "listen",
        "stream",
        "subscribe",
        "subscription",
        "queue",
        "iter_lines",
        "watch",
    ]
)
OTHER_SYSTEMS = frozenset(
    [
        "requests",
        "httpx",
        "aiohttp",
        "urllib",
        "urllib3",
        "boto3",
        "botocore",
        "aioboto3",
        "aiobotocore",
        "smtplib",
        "aiosmtplib",
        "ftplib",
        "paramiko",
        "subprocess",
        "docker",
        "kubernetes",
        "kubernetes_asyncio",
        "stripe",
        "twilio",
        "openai",
        "anthropic",
        "telegram",
        "pyrogram",
    ]
)
# What makes an object that talks to such a system each time it is called
CLIENTS = ("Client", "Session", "Connection", "from_env", "client", "resource")
TALKING = frozenset(
    (
        "send",
        "reply",
        "edit",
        "send_message",
        "reply_text",
        "edit_text",
        "edit_message",
        "delete_message",
        "send_photo",
        "send_document",
        "post",
        "put",
        "patch",
        "request",
        "upload",
        "upload_file",
        "download",
        "publish",
        "send_email",
        "fetch_user",
        "fetch_channel",
        "fetch_message",
    )
)
