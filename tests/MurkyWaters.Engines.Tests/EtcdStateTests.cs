using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Cluster;
using MurkyWaters.Engines.Etcd;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Tests;

public sealed class EtcdStateTests
{
    private static readonly EtcdKeys Keys = new("rain");
    private readonly EtcdState _state = new(Keys, NullLogger.Instance);
    private ClusterView _view = ClusterView.Unknown;
    private long _now;

    [Fact]
    public void A_change_that_hides_a_deletion_is_not_taken()
    {
        List([Present(1, 2), Present(2, 3)], 10);
        Assert.False(_state.TryUpdate([], 11, keyCount: 1));
        Assert.False(_state.TryUpdate([Present(3, 11)], 12, keyCount: 2));
        Assert.False(_state.TryUpdate([Present(2, 12)], 12, keyCount: 2), "created again after it was deleted");
        Assert.False(_state.TryUpdate([], 9, keyCount: 2), "an older etcd");
        Assert.True(_state.TryUpdate([Present(2, 3) with { ModRevision = 12 }], 12, keyCount: 2));
        Assert.True(_state.TryUpdate([Present(3, 13)], 13, keyCount: 3));
    }

    [Fact]
    public void Since_when_is_when_it_was_seen_to_change()
    {
        List([Present(1, 2), Present(2, 3), Member(1, 4), Member(2, 5)], 10);
        Assert.Equal([(NodePresence.There, 1L), (NodePresence.There, 1L)], Seen());
        List([Present(1, 2), Member(1, 4), Member(2, 5)], 11);
        Assert.Equal([(NodePresence.There, 1L), (NodePresence.Absent, 2L)], Seen());
        var before = _view;
        List([Present(1, 2), Member(1, 4), Member(2, 5)], 12);
        Assert.Same(before, _view);
        List([Present(1, 2), Member(1, 4), Member(2, 12, isGone: true)], 13);
        Assert.Equal([(NodePresence.There, 1L), (NodePresence.Gone, 4L)], Seen());
    }

    [Fact]
    public void Nobody_is_missed_in_a_list_that_is_not_whole()
    {
        List([Present(1, 2), Present(2, 3)], 10);
        _state.Replace([Present(1, 2)], 11, keyCount: 10_000, isWhole: false);
        Build();
        Assert.Equal([(NodePresence.There, 1L), (NodePresence.There, 1L)], Seen());
    }

    [Fact]
    public void An_etcd_that_was_emptied_takes_nobody_off_and_brings_nobody_back()
    {
        List([Present(1, 2), Member(1, 3), Member(2, 4, isGone: true)], 10);
        List([], 11);
        Assert.Equal([(NodePresence.Absent, 2L), (NodePresence.Gone, 1L)], Seen());
    }

    [Fact]
    public void A_node_that_was_taken_off_and_registers_is_there()
    {
        List([Present(2, 12), Member(2, 4, isGone: true)], 13);
        Assert.Equal([(NodePresence.There, 1L)], Seen());
    }

    private static EtcdEntry Present(int number, long revision) => new(
        Keys.NodeOf(Node(number).Id), NodeDocument.Write(Node(number)), revision, revision, Lease: number);

    private static EtcdEntry Member(int number, long revision, bool isGone = false) => new(
        Keys.MemberOf(Node(number).Id), NodeDocument.Write(Node(number), isGone), revision, revision, Lease: 0);

    private static RegisteredNode Node(int number) => new() { Id = new NodeId((ulong)number) };

    private void List(IReadOnlyList<EtcdEntry> entries, long revision)
    {
        _state.Replace(entries, revision, entries.Count, isWhole: true);
        Build();
    }

    private void Build() => _view = _state.Build(_view, new Instant(++_now));

    private IEnumerable<(NodePresence Presence, long Since)> Seen() => _view.Nodes.Select(seen => (seen.Presence, seen.Since.Nanoseconds));
}
