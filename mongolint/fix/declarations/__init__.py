"""The fix of MDB104: an index declared where and as the project declares its others."""
