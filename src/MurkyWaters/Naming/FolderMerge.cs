using PouringRain.Protocol.Naming;

namespace MurkyWaters.Naming;

/// <summary>Makes one page of those of all nodes.</summary>
internal static class FolderMerge
{
    /// <summary>Merges pages, each in order and behind the same key.</summary>
    /// <param name="query">What was asked for.</param>
    /// <param name="pages">What each node has, and whether that is all it has.</param>
    public static FolderPage Merge(FolderQuery query, IEnumerable<(IReadOnlyList<FolderEntry> Entries, bool IsEnd)> pages)
    {
        var newest = new Dictionary<string, FolderEntry>(StringComparer.Ordinal);
        var isEnd = true;
        foreach (var page in pages)
        {
            isEnd &= page.IsEnd;
            foreach (var entry in page.Entries)
            {
                if (!newest.TryGetValue(entry.Key, out var other) || Compare(other, entry) < 0)
                {
                    newest[entry.Key] = entry;
                }
            }
        }

        // Each node has told all it has up to the last of as many as are wanted, so the first as many of them all are known.
        var items = newest.Values.Order(Comparer<FolderEntry>.Create((a, b) => FolderEntry.CompareKeys(a.Key, b.Key)))
            .Take(query.Limit).ToArray();
        return new FolderPage(
            query.Folder, items, newest.Count > items.Length || (!isEnd && items.Length > 0) ? items[^1].Key : null, []);
    }

    /// <summary>The newer one is greater; of two with one stamp that of the greater version, as everywhere, or of which it is
    /// known.</summary>
    private static int Compare(FolderEntry left, FolderEntry right) =>
        left.Stamp != right.Stamp ? left.Stamp.CompareTo(right.Stamp) : Nullable.Compare(left.Version, right.Version);
}
