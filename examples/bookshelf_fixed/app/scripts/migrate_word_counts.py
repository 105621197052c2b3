"""Adds `word_count` to responses written before it was stored.

Run once, by hand: ``python -m app.scripts.migrate_word_counts [--dry-run]``.
"""

import argparse
import asyncio

from pymongo import UpdateOne

from app.core.clock import utcnow
from app.db.base import client, get_collection


async def migrate(dry_run: bool) -> int:
    responses = await get_collection("question_responses")
    changed = 0
    question_responses_writes = []
    try:
        async for response in responses.find({"word_count": {"$exists": False}}):
            words = len(response["text"].split())
            if not dry_run:
                question_responses_writes.append(UpdateOne(
                    {"_id": response["_id"]}, {"$set": {"word_count": words, "updated_at": utcnow()}}
                ))
                if len(question_responses_writes) >= 1000:
                    batch, question_responses_writes = question_responses_writes, []
                    await responses.bulk_write(batch)
            changed += 1
            if changed % 500 == 0:
                print(f"{changed} responses so far")
    finally:
        if question_responses_writes:
            await responses.bulk_write(question_responses_writes)
    return changed


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="count, but write nothing")
    arguments = parser.parse_args()
    changed = await migrate(arguments.dry_run)
    print(f"{changed} responses {'need' if arguments.dry_run else 'got'} a word count")
    client.close()


if __name__ == "__main__":
    asyncio.run(main())
