using Microsoft.Data.Sqlite;

namespace MurkyWaters.Store.Catalog;

/// <summary>Reads errors of SQLite as those of the disk that they are.</summary>
internal static class CatalogErrors
{
    private const int Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, InputOutput = 10;
    private const int Corrupt = 11, Full = 13, CannotOpen = 14, NoDatabase = 26;

    // Extended codes: InputOutput + 256 times the call that failed.
    private const int FileFlush = 1034, FolderFlush = 1290, OutOfMemory = 3082;

    /// <summary>Whether an error may have come after bytes were given to the system: what they are on the disk is not known.</summary>
    public static bool IsFlush(Exception error) => error is SqliteException { SqliteExtendedErrorCode: FileFlush or FolderFlush };

    /// <summary>Whether the file is no catalog, or not whole.</summary>
    public static bool IsDamage(Exception error) => error is SqliteException { SqliteErrorCode: Corrupt or NoDatabase };

    /// <summary>Whether the error says nothing about the disk but something about what was to be written, so that other changes may well
    /// succeed.</summary>
    public static bool IsOfOneChange(Exception error) =>
        error is not SqliteException { SqliteErrorCode: ReadOnly or InputOutput or Corrupt or CannotOpen or NoDatabase or Busy or Locked };

    /// <summary>An error as the system would have thrown it for a file; others as they are.</summary>
    public static Exception AsDiskError(Exception error)
    {
        if (error is not SqliteException sqlite)
        {
            return error;
        }

        // ENOSPC, ENOMEM, EROFS, EIO; a lock held by another program is a lack that passes, as of open files.
        var number = sqlite.SqliteErrorCode switch
        {
            Full => 28,
            NoMemory => 12,
            Busy or Locked => 24,
            ReadOnly => 30,
            InputOutput when sqlite.SqliteExtendedErrorCode == OutOfMemory => 12,
            InputOutput or Corrupt or NoDatabase or CannotOpen => 5,
            _ => 0,
        };
        return number == 0 ? error : new IOException($"The catalog: {sqlite.Message}", number) { Source = sqlite.Source };
    }
}
