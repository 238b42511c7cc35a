using System.Globalization;
using System.Text;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>
/// Lists, page by page, in any order, what is here whole. Each page begins where the one before ended, by ranges of an index: of equal keys
/// those with a greater id, then greater keys. Of ids there are two ranges, since SQLite's numbers have a sign.
/// </summary>
internal sealed partial class ResourceCatalog
{
    /// <summary>Words of a search; further ones say nothing more.</summary>
    private const int WordsMax = 8;

    private const string Columns = "r.id, r.version, r.stamp, r.length, r.code, r.block_size, r.symbol_size, r.sha256, r.media_type, "
        + "r.file_name, r.retention, r.name_key, r.coding, r.path";

    /// <summary>Between the two parts of a place in the orders of names and of types. Neither has it.</summary>
    private const char KeySeparator = '\0';

    /// <summary>A page.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ResourcePage List(ResourceQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);
        string[] words = [.. CatalogRow.NameKeyOf(query.Search).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(WordsMax)];
        object?[] ids = [.. words.Select(word => ResourceId.TryParse(word, out var id) ? CatalogChange.KeyOf(id) : (object?)null)];
        return _readers.Read(connection =>
        {
            // One more than wanted tells whether there are more.
            var items = new List<ListedResource>(Math.Min(query.Limit, 1024) + 1);
            var ofNames = 0;
            foreach (var finds in PassesOf(query, words.Length))
            {
                // Where the place is of another pass, this one begins at its beginning.
                var from = query.After is { } after && after.IsBehindNames == (finds == Finds.Others) ? query : query with { After = null };
                foreach (var (condition, values) in RangesOf(from))
                {
                    if (items.Count <= query.Limit)
                    {
                        Take(
                            connection, SqlOf(query, condition, values.Length, words, finds),
                            [.. values, query.Limit + 1 - items.Count, .. words, .. ids], items);
                    }
                }

                ofNames = finds == Finds.Names ? items.Count : ofNames;
            }

            if (items.Count <= query.Limit)
            {
                return new ResourcePage(items, null);
            }

            items.RemoveRange(query.Limit, items.Count - query.Limit);
            return new ResourcePage(items, PlaceOf(items[^1], query.Sort, words.Length > 0 && ofNames < query.Limit));
        });
    }

    /// <summary>A search finds those first whose names have all its words, and then the others.</summary>
    private static Finds[] PassesOf(ResourceQuery query, int wordCount) =>
        wordCount == 0 ? [Finds.All] : query.After is { IsBehindNames: true } ? [Finds.Others] : [Finds.Names, Finds.Others];

    /// <summary>What to ask for, one after the other, to go on behind a place.</summary>
    private static (string Condition, object[] Values)[] RangesOf(ResourceQuery query)
    {
        var beyond = query.IsDescending ? "<" : ">";
        if (query.Sort == ResourceSort.Id)
        {
            (string, object[])[] halves = [("id >= 0", []), ("id < 0", [])];
            if (query.IsDescending)
            {
                Array.Reverse(halves);
            }

            if (query.After is not { Id: var id })
            {
                return halves;
            }

            var key = CatalogChange.KeyOf(id);
            var isFirst = key < 0 == query.IsDescending;

            // The bound that the number's own half has is said only where it is another one.
            return isFirst ? [($"id {beyond} $1", [key]), halves[1]] : [($"id {beyond} $1 AND {halves[1].Item1}", [key])];
        }

        if (query.After is not { } after)
        {
            return [("1", [])];
        }

        var last = CatalogChange.KeyOf(after.Id);
        var columns = ColumnsOf(query.Sort);
        if (columns is [var major, var minor])
        {
            var parts = after.Key.Split(KeySeparator, 2);
            var (first, second) = (parts[0], parts.Length > 1 ? parts[1] : "");
            return
            [
                ($"{major} = $1 AND {minor} = $2 AND id {beyond} $3", [first, second, last]),
                ($"{major} = $1 AND {minor} {beyond} $2", [first, second]),
                ($"{major} {beyond} $1", [first]),
            ];
        }

        var column = columns[0];
        _ = long.TryParse(after.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return [($"{column} = $1 AND id {beyond} $2", [number, last]), ($"{column} {beyond} $1", [number])];
    }

    private static string[] ColumnsOf(ResourceSort sort) => sort switch
    {
        ResourceSort.Name => ["name_key", "media_type"],
        ResourceSort.Length => ["length"],
        ResourceSort.Modified => ["stamp"],
        ResourceSort.Type => ["media_type", "name_key"],
        _ => [],
    };

    private static string SqlOf(ResourceQuery query, string condition, int valueCount, string[] words, Finds finds)
    {
        var direction = query.IsDescending ? " DESC" : "";
        string[] order = [.. ColumnsOf(query.Sort), "id"];
        var limit = string.Create(CultureInfo.InvariantCulture, $"LIMIT ${valueCount + 1}");
        var inner = $"ORDER BY {string.Join(", ", order.Select(column => column + direction))} {limit}";
        var outer = $"ORDER BY {string.Join(", ", order.Select(column => $"r.{column}{direction}"))}";
        if (words.Length == 0)
        {
            return $"SELECT {Columns} FROM resources r WHERE {condition} AND r.parent IS NULL {outer} {limit}";
        }

        // Found in the index of names alone, which is narrow; in the other orders then among those that were found.
        // What SQLite does itself takes a fraction of the time, and is all that words of ASCII need.
        var path = Array.TrueForAll(words, word => Ascii.IsValid(word)) ? "lower(ifnull(path, ''))" : $"{CatalogConnection.Folding}(path)";
        int[] wordIndexes = [.. Enumerable.Range(valueCount + 2, words.Length)];
        var named = string.Join(" AND ", wordIndexes.Select(i => string.Create(
            CultureInfo.InvariantCulture, $"(instr(name_key, ${i}) OR instr({path}, ${i}))")));
        var found = string.Join(" AND ", wordIndexes.Select(i => string.Create(
            CultureInfo.InvariantCulture,
            $"(instr(name_key, ${i}) OR instr({path}, ${i}) OR instr(lower(media_type), ${i}) "
                + $"OR instr(printf('%llu', id), ${i}) OR id = ${i + words.Length})")));
        var filter = finds == Finds.Names ? named : $"{found} AND NOT ({named})";

        // The index of names does not say what is a piece, and that of pieces has nothing else.
        const string noPiece = "id NOT IN (SELECT id FROM resources WHERE parent IS NOT NULL)";
        return query.Sort is ResourceSort.Id or ResourceSort.Name
            ? $"SELECT {Columns} FROM (SELECT id FROM resources INDEXED BY resources_by_name WHERE {condition} AND {filter} AND {noPiece} "
                + $"{inner}) m JOIN resources r ON r.id = m.id {outer}"
            : $"SELECT {Columns} FROM resources r WHERE {condition} AND id IN (SELECT id FROM resources INDEXED BY resources_by_name WHERE "
                + $"{filter}) AND r.parent IS NULL {outer} {limit}";
    }

    private static void Take(CatalogConnection connection, string sql, ReadOnlySpan<object?> values, List<ListedResource> items)
    {
        using var reader = connection.Prepare(sql).Read(values);
        while (reader.Read())
        {
            items.Add(new ListedResource
            {
                Id = IdOf(reader.GetInt64(0)),
                Version = Sha256Digest.Read(reader.GetFieldValue<byte[]>(1)),
                Stamp = reader.GetInt64(2),
                Length = reader.GetInt64(3),
                Code = reader.GetString(4),
                Layout = LayoutOf(reader.GetInt64(3), reader.GetInt32(5), reader.GetInt32(6)),
                Sha256 = Sha256Digest.Read(reader.GetFieldValue<byte[]>(7)),
                ContentType = reader.GetString(8),
                FileName = reader.IsDBNull(9) ? null : reader.GetString(9),
                IsKept = reader.GetString(10) == CatalogRow.Kept,
                NameKey = reader.GetString(11),
                Coding = reader.IsDBNull(12) ? null : reader.GetString(12),
                Path = reader.IsDBNull(13) ? null : reader.GetString(13),
            });
        }
    }

    private static ResourceLayout LayoutOf(long length, int toldBytes, int symbolSize) =>
        ResourceLayout.TryCreateTold(length, toldBytes, symbolSize, out var layout) ? layout
        : throw new System.IO.InvalidDataException("The catalog has a resource in blocks that there cannot be.");

    private static ResourcePlace PlaceOf(ListedResource last, ResourceSort sort, bool isBehindNames) => new(
        last.Id,
        sort switch
        {
            ResourceSort.Name => $"{last.NameKey}{KeySeparator}{last.ContentType}",
            ResourceSort.Length => last.Length.ToString(CultureInfo.InvariantCulture),
            ResourceSort.Modified => last.Stamp.ToString(CultureInfo.InvariantCulture),
            ResourceSort.Type => $"{last.ContentType}{KeySeparator}{last.NameKey}",
            _ => "",
        },
        isBehindNames);

    /// <summary>What one pass through the index looks for.</summary>
    private enum Finds
    {
        /// <summary>Everything.</summary>
        All,

        /// <summary>What has all words of the search in its name or path.</summary>
        Names,

        /// <summary>What has them otherwise.</summary>
        Others,
    }
}
