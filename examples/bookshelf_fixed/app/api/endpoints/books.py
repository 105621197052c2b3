"""Books and their outlines."""

from typing import Any, Optional

from fastapi import APIRouter, Depends, HTTPException, Query, Response, status

from app.api.dependencies import not_found, page_limit
from app.core.security import get_current_user, parse_object_id
from app.db import book as books
from app.db import toc_transactions as outlines
from app.db.audit_log import log_action
from app.db.user import get_user_by_handle
from app.models.book import BookDocument, Chapter, TableOfContents
from app.schemas.book import (
    ArchiveRequest,
    BookCard,
    BookCreate,
    BookOut,
    BookProgress,
    BookUpdate,
    CatalogueEntry,
    ChapterCreate,
    ChapterOrder,
    ChapterRename,
    OutlineReplace,
    TransferRequest,
)
from app.services.library_service import book_card, books_with_progress, search_catalogue, shelf_of

router = APIRouter(prefix="/books", tags=["books"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_book(form: BookCreate, user: dict[str, Any] = Depends(get_current_user)) -> BookOut:
    owner_id = str(user["_id"])
    if await books.title_taken(owner_id, form.title):
        raise HTTPException(status.HTTP_409_CONFLICT, "You already have a book of that title")
    book = await books.create_book(BookDocument(owner_id=owner_id, **form.model_dump()))
    await log_action(owner_id, "create", "book", str(book["_id"]), {"title": form.title})
    return _out(book)


@router.get("")
async def list_books(
    skip: int = Query(default=0, ge=0),
    limit: int = Depends(page_limit),
    user: dict[str, Any] = Depends(get_current_user),
) -> list[BookCard]:
    return [book_card(book) for book in await books.list_books(str(user["_id"]), skip, limit)]


@router.get("/progress")
async def list_progress(
    limit: int = Depends(page_limit), user: dict[str, Any] = Depends(get_current_user)
) -> list[BookProgress]:
    return await books_with_progress(str(user["_id"]), limit)


@router.get("/shelf")
async def my_shelf(user: dict[str, Any] = Depends(get_current_user)) -> list[BookCard]:
    return await shelf_of(user)


@router.get("/catalogue")
async def catalogue(
    q: str = Query(min_length=2), genre: Optional[str] = None, limit: int = Depends(page_limit)
) -> list[CatalogueEntry]:
    return await search_catalogue(q, genre, limit)


@router.post("/archive")
async def archive(form: ArchiveRequest, user: dict[str, Any] = Depends(get_current_user)) -> dict[str, int]:
    book_ids = [parse_object_id(book_id) for book_id in form.book_ids]
    return {"archived": await books.archive_books(book_ids, str(user["_id"]))}


@router.get("/{book_id}")
async def read_book(book_id: str, user: dict[str, Any] = Depends(get_current_user)) -> BookOut:
    book = await books.get_book_by_id(book_id)
    if book is None or (book["owner_id"] != str(user["_id"]) and book["status"] != "published"):
        raise not_found("Book")
    return _out(book)


@router.patch("/{book_id}")
async def change_book(
    book_id: str, form: BookUpdate, user: dict[str, Any] = Depends(get_current_user)
) -> BookOut:
    changes = form.model_dump(exclude_none=True)
    book = await books.update_book(parse_object_id(book_id), str(user["_id"]), changes)
    if book is None:
        raise not_found("Book")
    await log_action(str(user["_id"]), "update", "book", book_id, {"fields": sorted(changes)})
    return _out(book)


@router.delete("/{book_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_book(book_id: str, user: dict[str, Any] = Depends(get_current_user)) -> Response:
    if not await books.delete_book(parse_object_id(book_id), str(user["_id"])):
        raise not_found("Book")
    await log_action(str(user["_id"]), "delete", "book", book_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/{book_id}/transfer")
async def transfer_book(
    book_id: str, form: TransferRequest, user: dict[str, Any] = Depends(get_current_user)
) -> dict[str, str]:
    new_owner = await get_user_by_handle(form.handle)
    if new_owner is None:
        raise not_found("Reader")
    owner_id = str(user["_id"])
    if not await books.transfer_book(parse_object_id(book_id), owner_id, str(new_owner["_id"])):
        raise not_found("Book")
    await log_action(owner_id, "transfer", "book", book_id, {"to": form.handle})
    return {"owner": form.handle}


@router.post("/{book_id}/chapters", status_code=status.HTTP_201_CREATED)
async def add_chapter(
    book_id: str, form: ChapterCreate, user: dict[str, Any] = Depends(get_current_user)
) -> TableOfContents:
    chapter = Chapter(**form.model_dump()).model_dump()
    try:
        toc = await outlines.add_chapter(parse_object_id(book_id), str(user["_id"]), chapter)
    except outlines.BookMissing:
        raise not_found("Book") from None
    return TableOfContents(**toc)


@router.put("/{book_id}/chapters")
async def replace_outline(
    book_id: str, form: OutlineReplace, user: dict[str, Any] = Depends(get_current_user)
) -> dict[str, int]:
    chapters = [Chapter(**chapter.model_dump()).model_dump() for chapter in form.chapters]
    try:
        version = await outlines.replace_outline(
            parse_object_id(book_id), str(user["_id"]), chapters, form.expected_version
        )
    except outlines.OutlineChanged:
        raise HTTPException(status.HTTP_409_CONFLICT, "The outline was changed meanwhile") from None
    return {"version": version}


@router.put("/{book_id}/chapters/order")
async def reorder_chapters(
    book_id: str, form: ChapterOrder, user: dict[str, Any] = Depends(get_current_user)
) -> TableOfContents:
    try:
        toc = await outlines.reorder_chapters(parse_object_id(book_id), str(user["_id"]), form.chapter_ids)
    except outlines.BookMissing:
        raise not_found("Book") from None
    return TableOfContents(**toc)


@router.patch("/{book_id}/chapters/{chapter_id}", status_code=status.HTTP_204_NO_CONTENT)
async def rename_chapter(
    book_id: str, chapter_id: str, form: ChapterRename, user: dict[str, Any] = Depends(get_current_user)
) -> Response:
    try:
        await outlines.rename_chapter(parse_object_id(book_id), str(user["_id"]), chapter_id, form.title)
    except outlines.BookMissing:
        raise not_found("Chapter") from None
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete("/{book_id}/chapters/{chapter_id}")
async def remove_chapter(
    book_id: str, chapter_id: str, user: dict[str, Any] = Depends(get_current_user)
) -> TableOfContents:
    try:
        toc = await outlines.remove_chapter(parse_object_id(book_id), str(user["_id"]), chapter_id)
    except outlines.BookMissing:
        raise not_found("Book") from None
    return TableOfContents(**toc)


def _out(book: dict[str, Any]) -> BookOut:
    return BookOut(id=str(book["_id"]), **{key: book[key] for key in BookOut.model_fields if key != "id"})
