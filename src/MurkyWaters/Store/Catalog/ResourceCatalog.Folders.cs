using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Store.Catalog;

/// <summary>Lists folders from the index of paths: a seek for each file and each folder, however much is in those.</summary>
internal sealed partial class ResourceCatalog
{
    /// <summary>Files to read at a time; where folders are, fewer are of use.</summary>
    private const int FolderRowsMax = 256;

    /// <summary>What is behind a slash comes before this.</summary>
    private const char BehindSlash = (char)('/' + 1);

    /// <summary>Greater than any text.</summary>
    private static readonly byte[] Beyond = [0xFF];

    /// <summary>A page of what is kept here of a folder, in order, and whether that is all.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public (IReadOnlyList<FolderEntry> Entries, bool IsEnd) ListFolder(FolderQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit, nameof(query));
        return _readers.Read(connection =>
        {
            var entries = new List<FolderEntry>(Math.Min(query.Limit, FolderRowsMax));
            object end = query.Folder.Length == 0 ? Beyond : query.Folder[..^1] + BehindSlash;
            var (start, isFrom) = StartBehind(query.Folder, query.After);
            while (true)
            {
                var (rows, isSkipped) = (0, false);
                var wanted = Math.Min(FolderRowsMax, query.Limit + 1 - entries.Count);
                using var reader = connection.Prepare(
                    $"SELECT path, length, stamp, media_type, version FROM resources WHERE path {(isFrom ? ">=" : ">")} $1 AND path < $2 "
                    + "AND retention = 'kept' ORDER BY path LIMIT $3").Read(start, end, wanted);
                while (!isSkipped && reader.Read())
                {
                    if (entries.Count == query.Limit)
                    {
                        return (entries, false);
                    }

                    var path = reader.GetString(0);
                    var rest = path[query.Folder.Length..];
                    var slash = rest.IndexOf('/', StringComparison.Ordinal);
                    entries.Add(slash < 0
                        ? new FolderEntry(
                            rest, false, reader.GetInt64(1), reader.GetInt64(2), reader.GetString(3),
                            Sha256Digest.Read(reader.GetFieldValue<byte[]>(4)))
                        : FolderEntry.Folder(rest[..slash]));
                    rows++;
                    (start, isFrom) = StartBehind(query.Folder, entries[^1].Key);
                    isSkipped = slash >= 0;
                }

                if (!isSkipped && rows < wanted)
                {
                    return (entries, true);
                }
            }
        });
    }

    /// <summary>Behind a folder comes what is behind all that is in it.</summary>
    private static (string Start, bool IsFrom) StartBehind(string folder, string key) =>
        key.EndsWith('/') ? (folder + key[..^1] + BehindSlash, true) : (folder + key, false);
}
