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
# What waits for the next message of a socket or a broker
RECEIVING = frozenset(
    [
        *("receive", "receive_bytes", "receive_text", "receive_json", "receive_str", "recv", "recv_json"),
        *("recv_multipart", "recv_string", "get_message", "wait_for_message", "getone", "blpop", "brpop"),
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
        "googleapiclient",
        "qwen_agent",
        "pydantic_ai",
        "vertexai",
        "litellm",
        "cohere",
        "mistralai",
        "ollama",
        "groq",
        "langchain_openai",
        "langchain_anthropic",
        "firebase_admin",
        "sendgrid",
        "resend",
        "fastapi_mail",
        "slack_sdk",
        "telegram",
        "pyrogram",
    ]
)
# What makes an object that talks to such a system each time it is called
CLIENTS = ("Client", "Session", "Connection", "from_env", "client", "resource")
# What these have that goes nowhere: it takes an address apart, names an error, or makes an object to be sent
IN_MEMORY = (
    "urllib.error.",
    "urllib.parse.",
    "requests.exceptions.",
    "requests.utils.",
    "aiohttp.web.",
    "botocore.exceptions.",
    "googleapiclient.errors.",
    "telegram.Inline",
    "telegram.Keyboard",
    "telegram.Reply",
    "telegram.constants.",
    "telegram.error.",
    "telegram.helpers.",
    "pyrogram.enums.",
    "pyrogram.errors.",
    "pyrogram.types.",
)
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
