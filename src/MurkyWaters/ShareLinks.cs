using Microsoft.Extensions.Logging;
using MurkyWaters.Sharing;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>The links that were made at this node, in its store. Only it knows of them: that one was revoked, or used, has to be known for
/// sure. Thread-safe.</summary>
public sealed class ShareLinks
{
    /// <summary>Links that there can be at once.</summary>
    public const int CountMax = 10_000;

    /// <summary>How long the client that began the download of a link for one may go on with it: a connection may break.</summary>
    public static readonly TimeSpan ResumeTime = TimeSpan.FromHours(1);

    /// <summary>How long one that has ended is remembered, so that whoever comes late is told so.</summary>
    private static readonly TimeSpan MemoryTime = TimeSpan.FromDays(7);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ShareRecord> _records = [];
    private readonly RecordFolder<ShareRecord> _folder;
    private readonly NodeId _node;
    private readonly TimeProvider _time;

    /// <summary>Those of a store.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    internal ShareLinks(StoreFiles files, NodeId node, TimeProvider time, ILogger logger)
    {
        (_node, _time) = (node, time);
        _folder = new RecordFolder<ShareRecord>(files, "links", path => ShareLog.Unreadable(logger, path));
        foreach (var record in _folder.Read())
        {
            _records.Add(record.Link.Id, record);
        }
    }

    /// <summary>Those that have not ended, the newest first.</summary>
    public IReadOnlyList<ShareLink> All
    {
        get
        {
            var now = _time.GetUtcNow();
            lock (_gate)
            {
                return
                [
                    .. _records.Values.Select(record => record.Link).Where(link => link.Expires > now && !IsSpent(link, now))
                        .OrderByDescending(link => link.Created).ThenBy(link => link.Id),
                ];
            }
        }
    }

    /// <summary>Makes one, for good.</summary>
    /// <param name="resource">What it is for.</param>
    /// <param name="path">The name under which that is read; null when it is read by its id.</param>
    /// <param name="life">How long it lasts.</param>
    /// <param name="isOnce">Whether it is for one download.</param>
    /// <returns>The link, and its token, which is told this once; null when there are <see cref="CountMax"/>.</returns>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public (ShareLink Link, string Token)? TryMake(ResourceId resource, string? path, TimeSpan life, bool isOnce)
    {
        // To the millisecond, as it is kept.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var (token, text) = ShareToken.Draw(_node);
        var link = new ShareLink(token.Id, resource, path, now, now + life, isOnce);
        lock (_gate)
        {
            Trim(now);
            if (_records.Count >= CountMax)
            {
                return null;
            }

            Keep(new ShareRecord(link, token.SecretDigest));
        }

        return (link, text);
    }

    /// <summary>Ends one, for good.</summary>
    /// <returns>The link; null when there is none.</returns>
    /// <exception cref="StoreException">The disk does not let it go.</exception>
    public ShareLink? Revoke(string id)
    {
        lock (_gate)
        {
            if (!_records.TryGetValue(id, out var record))
            {
                return null;
            }

            _folder.Remove(id);
            _records.Remove(id);
            return record.Link;
        }
    }

    /// <summary>Looks at a token. A link for one download is spent by this, for good.</summary>
    /// <param name="token">The token, or any text.</param>
    /// <param name="isDownload">Whether bytes are asked for: a look at the fields spends nothing.</param>
    /// <param name="user">Whose client asks, as of <see cref="PeerAddress.Network"/>.</param>
    /// <exception cref="StoreException">The disk does not take that it is spent.</exception>
    public ShareLook Look(string token, bool isDownload, Bits128 user)
    {
        if (!ShareToken.TryParse(token, out var parsed))
        {
            return new ShareLook(ShareOutcome.Unknown);
        }

        if (parsed.Node != _node)
        {
            return new ShareLook(ShareOutcome.Elsewhere, Node: parsed.Node);
        }

        var now = _time.GetUtcNow();
        lock (_gate)
        {
            // Both digests of what nobody can guess: how long it takes to compare them tells nothing.
            if (!_records.TryGetValue(parsed.Id, out var record) || record.SecretDigest != parsed.SecretDigest)
            {
                return new ShareLook(ShareOutcome.Unknown);
            }

            var link = record.Link;
            if (link.Expires <= now)
            {
                return new ShareLook(ShareOutcome.Expired, link);
            }

            if (IsSpent(link, now) || (link is { IsOnce: true, Used: not null } && link.User != user))
            {
                return new ShareLook(ShareOutcome.Spent, link);
            }

            if (isDownload && link is { IsOnce: true, Used: null })
            {
                link = link with { Used = now, User = user };
                Keep(record with { Link = link });
            }

            return new ShareLook(ShareOutcome.Open, link);
        }
    }

    private static bool IsSpent(ShareLink link, DateTimeOffset now) => link.IsOnce && link.Used + ResumeTime <= now;

    private void Keep(ShareRecord record)
    {
        _folder.Write(record);
        _records[record.Link.Id] = record;
    }

    private void Trim(DateTimeOffset now)
    {
        foreach (var id in _records.Values.Select(record => record.Link)
            .Where(link => link.Expires + MemoryTime <= now || IsSpent(link, now - MemoryTime)).Select(link => link.Id).ToArray())
        {
            _folder.Remove(id);
            _records.Remove(id);
        }
    }
}
