namespace MurkyWaters.Engines.Etcd;

/// <summary>Lists folders page by page, within bounds whatever is in them.</summary>
internal static class EtcdListing
{
    /// <summary>Of values of the usual size these make an answer of some hundred kilobytes.</summary>
    public const int PageKeys = 128;

    /// <summary>Lists a folder as it is at a revision, up to a number of keys.</summary>
    /// <param name="client">Asks.</param>
    /// <param name="folder">Ends in a slash.</param>
    /// <param name="revision">0 for now.</param>
    /// <param name="limit">Keys at most.</param>
    /// <param name="patience">With each page.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What there is, and whether that is all.</returns>
    public static async Task<(List<EtcdEntry> Entries, bool IsWhole)> ReadAsync(
        EtcdClient client, string folder, long revision, int limit, TimeSpan patience, CancellationToken cancellationToken)
    {
        var entries = new List<EtcdEntry>();
        var (from, page) = (folder, PageKeys);
        while (true)
        {
            System.Text.Json.JsonElement answer;
            try
            {
                answer = await client.CallAsync(
                    EtcdPaths.Range, EtcdRequests.Range(from, EtcdKeys.EndOf(folder), page, revision), patience, cancellationToken);
            }
            catch (EtcdException e) when (e.Code == EtcdException.TooLong && page > 1)
            {
                // Somebody put huge values there. One at a time they fit.
                page = Math.Max(1, page / 8);
                continue;
            }

            var read = EtcdEntry.ReadAll(answer);
            revision = revision == 0 ? answer.Find("header").FindInt64("revision") : revision;
            entries.AddRange(read.Take(limit - entries.Count));
            if (!answer.FindFlag("more") || read.Count == 0)
            {
                return (entries, true);
            }

            if (entries.Count == limit)
            {
                return (entries, false);
            }

            from = $"{read[^1].Key}\0";
        }
    }
}
