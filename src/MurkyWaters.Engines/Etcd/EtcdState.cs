using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>
/// What was read of etcd, and the view that follows from it and from the view before. Only a list that is whole tells that something is not
/// there. A lasting key that vanished without a word that its node is gone takes nobody off: somebody has emptied etcd. Not thread-safe.
/// </summary>
/// <param name="keys">The cluster's keys.</param>
/// <param name="logger">Hears of what is passed over, once for each value.</param>
internal sealed class EtcdState(EtcdKeys keys, ILogger logger)
{
    private const int KeyCharactersShown = 200;
    private readonly Dictionary<string, EtcdEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Revision, RegisteredNode? Node, bool IsGone)> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Revision, JobDocument? Document)> _jobs = new(StringComparer.Ordinal);
    private bool _isWhole = true;

    /// <summary>What all entries are of, at least.</summary>
    public long Revision { get; private set; }

    /// <summary>Keys that there were at <see cref="Revision"/>, those that were passed over among them.</summary>
    public long KeyCount { get; private set; }

    /// <summary>Values passed over.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>The entry of a key; null when there is none.</summary>
    public EtcdEntry? Find(string key) => _entries.GetValueOrDefault(key);

    /// <summary>Takes a list of everything.</summary>
    /// <param name="entries">What there is.</param>
    /// <param name="revision">When.</param>
    /// <param name="keyCount">How many keys there are.</param>
    /// <param name="isWhole">Whether these are all.</param>
    public void Replace(IEnumerable<EtcdEntry> entries, long revision, long keyCount, bool isWhole)
    {
        _entries.Clear();
        foreach (var entry in entries)
        {
            _entries[entry.Key] = entry;
        }

        Forget(_nodes);
        Forget(_jobs);
        (Revision, KeyCount, _isWhole) = (revision, keyCount, isWhole);
    }

    /// <summary>Takes what has changed since <see cref="Revision"/>.</summary>
    /// <param name="changed">What was written.</param>
    /// <param name="revision">The revision now.</param>
    /// <param name="keyCount">How many keys there are now.</param>
    /// <returns>False, and nothing taken, when something was deleted as well: then everything has to be listed.</returns>
    public bool TryUpdate(IReadOnlyCollection<EtcdEntry> changed, long revision, long keyCount)
    {
        // A key that was deleted is missing from the count, whether or not it was created again.
        if (revision < Revision || KeyCount + changed.Count(entry => entry.CreateRevision > Revision) != keyCount)
        {
            return false;
        }

        foreach (var entry in changed)
        {
            _entries[entry.Key] = entry;
        }

        (Revision, KeyCount) = (revision, keyCount);
        return true;
    }

    /// <summary>The view; the one before when nothing has changed.</summary>
    /// <param name="before">The view before.</param>
    /// <param name="now">When this was read.</param>
    public ClusterView Build(ClusterView before, Instant now)
    {
        var nodes = BuildNodes(before, now);
        var jobs = BuildJobs();
        return before.Version > 0 && nodes.SequenceEqual(before.Nodes) && jobs.SequenceEqual(before.Jobs)
            ? before
            : new ClusterView(before.Version + 1, nodes, jobs);
    }

    private ImmutableArray<SeenNode> BuildNodes(ClusterView before, Instant now)
    {
        var there = Nodes(keys.Nodes);
        var members = Nodes(keys.Members);
        var known = before.Nodes.ToDictionary(seen => seen.Node.Id);
        return
        [
            .. there.Keys.Union(members.Keys).Union(known.Keys).OrderBy(id => id.Value).Select(id =>
            {
                var last = known.GetValueOrDefault(id);
                var isMember = members.TryGetValue(id, out var member);
                var presence = there.TryGetValue(id, out var present) ? NodePresence.There
                    : isMember && member.IsGone ? NodePresence.Gone
                    : last is null ? NodePresence.Absent
                    : _isWhole && (isMember || last.Presence == NodePresence.There) ? NodePresence.Absent
                    : last.Presence;
                var node = present.Node ?? member.Node ?? last!.Node;
                return new SeenNode(node, presence, last?.Presence == presence ? last.Since : now);
            }),
        ];
    }

    private ImmutableArray<ClusterJob> BuildJobs()
    {
        var jobs = new List<ClusterJob>();
        foreach (var entry in Below(keys.Jobs))
        {
            if (ReadJob(entry) is { Document.Length: > 0 } document && SplitJob(entry.Key) is { } name)
            {
                jobs.Add(new ClusterJob(
                    name.Kind, name.Id, document.Document, entry.ModRevision, RunnerOf(Find(keys.RunnerOf(name.Kind, name.Id)))));
            }
        }

        return [.. jobs.OrderBy(job => job.Kind, StringComparer.Ordinal).ThenBy(job => job.Id, StringComparer.Ordinal)];
    }

    /// <summary>The kind and id of a job by its key; null for a key of another form.</summary>
    public (string Kind, string Id)? SplitJob(string key)
    {
        var name = key.AsSpan(keys.Jobs.Length);
        var slash = name.IndexOf('/');
        return slash > 0 && EtcdKeys.IsName(name[..slash]) && EtcdKeys.IsName(name[(slash + 1)..])
            ? (name[..slash].ToString(), name[(slash + 1)..].ToString())
            : null;
    }

    /// <summary>Whose turn a value says it is; null for what is no node's.</summary>
    public static NodeId? RunnerOf(EtcdEntry? entry) =>
        entry is { Value.Length: 32 } && NodeId.TryParse(System.Text.Encoding.ASCII.GetString(entry.Value), out var id) ? id : null;

    private Dictionary<NodeId, (RegisteredNode? Node, bool IsGone)> Nodes(string folder)
    {
        var nodes = new Dictionary<NodeId, (RegisteredNode?, bool)>();
        foreach (var entry in Below(folder))
        {
            if (!_nodes.TryGetValue(entry.Key, out var read) || read.Revision != entry.ModRevision)
            {
                // The key has to name the node as its value does, each in the one spelling there is.
                var isNode = NodeDocument.TryRead(entry.Value, out var node, out var isGone) && entry.Key == $"{folder}{node.Id}";
                _nodes[entry.Key] = read = (entry.ModRevision, isNode ? node : null, isGone);
                if (!isNode)
                {
                    Refuse(entry, "it is no node's description");
                }
            }

            if (read.Node is { } sound)
            {
                nodes[sound.Id] = (sound, read.IsGone);
            }
        }

        return nodes;
    }

    private JobDocument? ReadJob(EtcdEntry entry)
    {
        if (!_jobs.TryGetValue(entry.Key, out var read) || read.Revision != entry.ModRevision)
        {
            var document = SplitJob(entry.Key) is null ? null : JobDocument.TryRead(entry.Value);
            _jobs[entry.Key] = read = (entry.ModRevision, document);
            if (document is null)
            {
                Refuse(entry, "it is no job");
            }
        }

        return read.Document;
    }

    private IEnumerable<EtcdEntry> Below(string folder) =>
        _entries.Values.Where(entry => entry.Key.StartsWith(folder, StringComparison.Ordinal));

    private void Refuse(EtcdEntry entry, string reason)
    {
        RefusedCount++;
        EtcdLog.Refused(logger, string.Concat(entry.Key.Take(KeyCharactersShown).Select(c => char.IsControl(c) ? '?' : c)), reason);
    }

    private void Forget<T>(Dictionary<string, T> read)
    {
        foreach (var key in read.Keys.Where(key => !_entries.ContainsKey(key)).ToList())
        {
            read.Remove(key);
        }
    }
}
