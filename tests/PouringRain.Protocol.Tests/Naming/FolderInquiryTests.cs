using System.Globalization;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;
using PouringRain.Protocol.Naming;

namespace PouringRain.Protocol.Tests.Naming;

/// <summary>Deliver, drop, step, expect; every question is answered by the real desk.</summary>
public class FolderInquiryTests
{
    private static readonly NodeId Self = new(1_000_000);

    private readonly Dictionary<NodeId, FolderDesk> _desks = [];
    private readonly HashSet<NodeId> _silent = [], _strangers = [];
    private readonly TokenCache _tokens = new();
    private readonly byte[] _buffer = new byte[2048], _answer = new byte[2048];
    private Instant _now = new(1_000_000_000);
    private int _datagrams;
    private Func<int, bool> _isLost = _ => false;
    private Action _onDatagram = () => { };

    [Fact]
    public void EachNodeTellsAllThatIsWanted()
    {
        Has(1, 100);
        Has(2, 3);
        Has(3, 0);
        var inquiry = Make(60, 1, 2, 3);
        Run(inquiry);
        Assert.Equal([60, 3, 0], inquiry.Answers.Select(answer => answer.Entries.Length));
        Assert.Equal([true, true, true], inquiry.Answers.Select(answer => answer.IsWhole));
        Assert.Equal([false, true, true], inquiry.Answers.Select(answer => answer.IsEnd));
        Assert.Equal(Entries(100)[..60], inquiry.Answers[0].Entries);

        // Who has told them goes on behind that, without a token's being asked for.
        var before = _datagrams;
        var next = Make(60, "file 0059", 1);
        Run(next);
        Assert.Equal(Entries(100)[60..], next.Answers[0].Entries);
        Assert.InRange(_datagrams - before, 1, 4);
    }

    [Fact]
    public void WhatIsLostIsAskedAgainAndWhoIsSilentIsLeft()
    {
        Has(1, 50);
        Has(2, 50);
        _silent.Add(new NodeId(2));
        _isLost = number => number % 3 == 0;
        var inquiry = Make(1000, 1, 2);
        Run(inquiry);
        Assert.Equal(50, inquiry.Answers[0].Entries.Length);
        Assert.Equal([true, false], inquiry.Answers.Select(answer => answer.IsWhole));
        Assert.Empty(inquiry.Answers[1].Entries);
        Assert.Equal(_end, _now);
    }

    [Fact]
    public void WhoDoesNotTrustTheAskerIsNotWaitedFor()
    {
        Has(1, 5);
        Has(2, 5);
        _strangers.Add(new NodeId(1));
        var inquiry = Make(10, 1, 2);
        Run(inquiry);
        Assert.True(_now < _end);
        Assert.Equal([false, true], inquiry.Answers.Select(answer => answer.IsWhole));
    }

    [Fact]
    public void WhoHasJustStartedIsTrustedSoon()
    {
        Has(1, 5);
        Has(2, 5);
        _strangers.Add(new NodeId(1));
        _strangers.Add(new NodeId(2));
        _trustedBy = _now + TimeSpan.FromSeconds(2);
        var start = _now;
        _onDatagram = () => _ = _now - start > TimeSpan.FromSeconds(1) && _strangers.Remove(new NodeId(2));
        var inquiry = Make(10, 1, 2);
        Run(inquiry);
        Assert.True(_now >= _trustedBy && _now < _end);
        Assert.Equal([false, true], inquiry.Answers.Select(answer => answer.IsWhole));
    }

    [Fact]
    public void NonsenseIsNoAnswer()
    {
        var query = new FolderQuery("a/", "m", 10);
        var body = new byte[1105];
        var right = FolderMessage.WriteAnswer(body, [new FolderEntry("n", false, 1, 2, "text/plain"), FolderEntry.Folder("n")], true);
        var read = FolderMessage.TryParseAnswer(body.AsSpan(0, right), query)!.Value;
        Assert.Equal([new FolderEntry("n", false, 1, 2, "text/plain"), FolderEntry.Folder("n")], read.Entries);
        Assert.Null(FolderMessage.TryParseAnswer(body.AsSpan(0, right - 1), query));
        Assert.Null(FolderMessage.TryParseAnswer(body.AsSpan(0, right), query with { After = "n/" }));
        Assert.Null(FolderMessage.TryParseAnswer([0], query));
        Assert.Null(FolderMessage.TryParseAnswer([2], query));
        Assert.NotNull(FolderMessage.TryParseAnswer([1], query));
        Assert.Null(FolderMessage.TryParseAnswer([1, 1, 2, (byte)'.', (byte)'.'], query with { After = "" }));
        Assert.Null(FolderMessage.TryParseAnswer([1, 1, 3, (byte)'a', (byte)'/', (byte)'b'], query with { After = "" }));

        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(body.AsSpan(0, 64));
            body[0] &= 1;
            FolderMessage.TryParseAnswer(body.AsSpan(0, random.Next(64)), query);
            FolderMessage.TryParse(body.AsSpan(0, random.Next(64)));
        }
    }

    [Fact]
    public void VersionsAreToldToThoseWhoUnderstandThem()
    {
        var version = new Sha256Digest(1, 2);
        FolderEntry[] entries = [new("n", false, 1, 2, "text/plain", version), FolderEntry.Folder("n"), new("o", false, 3, 4, "", version)];
        var (question, body) = (new byte[200], new byte[1105]);
        foreach (var query in new[] { new FolderQuery("a/", "m", 10), new FolderQuery("a/", "m", 10, HasVersions: true) })
        {
            var heard = FolderMessage.TryParse(question.AsSpan(0, FolderMessage.Write(question, query)))!;
            Assert.Equal(query, heard);
            var length = FolderMessage.WriteAnswer(body, entries, true, heard.HasVersions);
            var told = FolderMessage.TryParseAnswer(body.AsSpan(0, length), query)!.Value.Entries;
            Assert.Equal(query.HasVersions ? entries : [.. entries.Select(entry => entry with { Version = null })], told);
            Assert.Null(FolderMessage.TryParseAnswer(body.AsSpan(0, length - 1), query));
        }

        // A node of an older release passes over what follows the key, and tells none.
        Assert.Equal(1, FolderMessage.Write(question, new("a/", "m", 10, true)) - FolderMessage.Write(question, new("a/", "m", 10)));
    }

    [Fact]
    public void TheLongestQuestionFits()
    {
        var folder = string.Concat(Enumerable.Repeat(new string('x', 255) + '/', 3)) + new string('y', 253) + '/';
        var query = new FolderQuery(folder, "z/", 1000, HasVersions: true);
        var body = new byte[ConsultRequest.BytesMax - ConsultRequest.FixedBytes];
        Assert.Equal(query, FolderMessage.TryParse(body.AsSpan(0, FolderMessage.Write(body, query))));
    }

    private Instant _end, _trustedBy;

    private static FolderEntry[] Entries(int count) =>
        [.. Enumerable.Range(0, count).Select(i =>
            new FolderEntry(string.Create(CultureInfo.InvariantCulture, $"file {i:D4}"), false, i, 1000 + i, "application/octet-stream"))];

    private void Has(ulong node, int count)
    {
        var entries = Entries(count);
        _desks[new NodeId(node)] = new FolderDesk(new NodeId(node), new byte[32], query =>
        {
            Assert.Equal("a/", query.Folder);
            var behind = entries.Where(entry => string.CompareOrdinal(entry.Key, query.After) > 0).ToArray();
            return (behind.Take(query.Limit).ToArray(), behind.Length <= query.Limit);
        });
    }

    private FolderInquiry Make(int limit, params ulong[] nodes) => Make(limit, "", nodes);

    private FolderInquiry Make(int limit, string after, params ulong[] nodes)
    {
        _end = _now + TimeSpan.FromSeconds(3);
        return new FolderInquiry(
            Self, _tokens, new FolderQuery("a/", after, limit),
            nodes.Select(node => new ClusterMember { Id = new NodeId(node), Rain = [new PeerAddress(1000 + node, 1)] }), _end,
            _trustedBy, 1);
    }

    private void Run(FolderInquiry inquiry)
    {
        for (; ; _now += TimeSpan.FromMilliseconds(1))
        {
            while (inquiry.TryPollTransmit(_now, _buffer, out var transmit))
            {
                _onDatagram();
                var node = new NodeId(transmit.To.Address.Low - 1000);
                var length = _desks[node].Answer(
                    _now, new PeerAddress(1, 1), _ => !_strangers.Contains(node), _buffer.AsSpan(0, transmit.Length), _answer);
                Assert.InRange(length, 1, ConsultAnswer.BytesMax);
                if (!_silent.Contains(node) && !_isLost(++_datagrams))
                {
                    inquiry.Handle(_now, transmit.To, _answer.AsSpan(0, length));
                }
            }

            if (inquiry.IsOver)
            {
                return;
            }

            Assert.True(inquiry.NextTimeout <= _end);
        }
    }
}
