using Simulation;

namespace PouringRain.Protocol.Tests.Serving;

public class ReadyRingTests
{
    private readonly SimContent _content = SimContent.Create(Scene.RandomBytes(40_000), blockBytes: 1024, symbolSize: 128);
    private readonly ReadyRing _ring = new();
    private uint _next;
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void WhoHoldsLeastGoesFirst()
    {
        var company = new Company();
        var rows = new uint[] { 5, 1, 9, 3 }.Select(held => Ready(company, held)).ToArray();
        Assert.Equal(4, _ring.Count);
        Assert.Equal([1u, 3, 5, 9], Drain().Select(row => row.HeldReported));
        Assert.Equal(0, _ring.Count);
        Assert.Equal(4, rows.Length);
    }

    [Fact]
    public void OfTwoThatHoldTheSameTheSameOneGoesFirst()
    {
        var company = new Company();
        var first = Ready(company, 2);
        var second = Ready(company, 2);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(_ring.TryDequeue(_now, out var row));
            Assert.Same(first, row);
            _ring.Enqueue(row, row.Company);
        }

        // What it was sent counts before it says that it has come.
        first.SymbolsSinceReport = first.Layout.SymbolsOf(0);
        Assert.True(_ring.TryDequeue(_now, out var next));
        Assert.Same(second, next);
    }

    [Fact]
    public void OneThatHoldsMoreBySoonGoesBackToWhereItBelongs()
    {
        var company = new Company();
        var first = Ready(company, 1);
        var second = Ready(company, 4);
        first.HeldReported = 9;
        Assert.Equal([second, first], Drain());
    }

    [Fact]
    public void WhatOneHoldsThatTakesAndDoesNotGiveCountsTwice()
    {
        var company = new Company();
        var rows = new uint[] { 3, 4, 5, 7 }.Select(held => Ready(company, held)).ToArray();
        Enter(rows, isSeeded: false);
        rows[0].Member!.Gift.OnBrought(0, hasLied: true);

        Assert.Equal([4u, 5, 3, 7], Drain().Select(row => row.HeldReported));
    }

    [Fact]
    public void WhileASeederGivesEachBlockToSomebodyFirstItGivesAllEquallyManyWhateverTheyHoldAndASinkNextToNone()
    {
        var company = new Company();
        var rows = new uint[] { 3, 4, 5, 7 }.Select(held => Ready(company, held)).ToArray();
        Enter(rows, isSeeded: true);
        int[] given = [6, 5, 1, 4];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i].Member!.Gift.Add(given[i] * rows[i].DropletBytes * (long)rows[i].Layout.SymbolsOfLargest);
        }

        rows[2].Member!.Spread.IsSink = true;
        Drain().ForEach(row => _ring.Enqueue(row, row.Company));

        Assert.Equal([7u, 4, 3, 5], Drain().Select(row => row.HeldReported));
    }

    [Fact]
    public void WhoHasHadNoTurnForAWhileHasOneOfSixteen()
    {
        var company = new Company();
        var deprived = Ready(company, 1);
        var others = new[] { Ready(company, 100), Ready(company, 101) };
        var turns = new Dictionary<Subscriber, int>();
        for (var i = 0; i < 1600; i++)
        {
            Assert.True(_ring.TryDequeue(_now, out var row));
            turns[row] = turns.GetValueOrDefault(row) + 1;
            _ring.Enqueue(row, row.Company);
            _now += TimeSpan.FromMilliseconds(50);
        }

        Assert.InRange(turns[deprived], 1498, 1502);
        Assert.All(others, other => Assert.InRange(turns[other], 48, 51));
        Assert.Equal(3, _ring.Count);
    }

    [Fact]
    public void OneThatLeftWhileItWaitedHoldsUpNobody()
    {
        var company = new Company();
        var gone = Ready(company, 1);
        gone.Place = SubscriberPlace.Idle;
        gone.Company = null;
        var alone = Ready(null, 0);
        var other = Ready(company, 5);
        Assert.Equal([alone, other], Drain().Where(row => row.Place == SubscriberPlace.Ready));
        Assert.Equal(0, _ring.Count);

        // An empty company is no turn, and may be ready again.
        _ring.Enqueue(other, other.Company);
        Assert.Equal([other], Drain());
    }

    [Fact]
    public void ResourcesHaveEqualTurnsHoweverManyAreInTheirCompany()
    {
        var (large, small) = (new Company(), new Company());
        var many = Enumerable.Range(0, 10).Select(i => Ready(large, (uint)i)).ToArray();
        var few = Ready(small, 0);
        var alone = Ready(null, 0);
        var counts = new Dictionary<Company, int> { [large] = 0, [small] = 0 };
        var aloneCount = 0;
        for (var i = 0; i < 300; i++)
        {
            Assert.True(_ring.TryDequeue(_now, out var row));
            aloneCount += row == alone ? 1 : 0;
            if (row.Company is { } company)
            {
                counts[company]++;
            }

            _ring.Enqueue(row, row.Company);
        }

        Assert.Equal((100, 100, 100), (counts[large], counts[small], aloneCount));
        Assert.Equal(10, many.Length);
        Assert.Same(small, few.Company);
    }

    [Fact]
    public void ThoseOfAVersionThatSayNothingHaveTheirPartOfItsTurnsOneAfterTheOther()
    {
        var company = new Company();
        var members = new uint[] { 1, 5, 9 }.Select(held => Ready(company, held)).ToArray();
        var silent = new[] { Ready(null, 0, sharesWith: company), Ready(null, 0, sharesWith: company) };
        var alone = Ready(null, 0);
        var turns = new Dictionary<Subscriber, int>();
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(_ring.TryDequeue(_now, out var row));
            turns[row] = turns.GetValueOrDefault(row) + 1;
            _ring.Enqueue(row, row == alone ? null : company);
        }

        Assert.Equal(500, turns[alone]);
        Assert.All(silent, row => Assert.InRange(turns[row], 99, 101));
        Assert.InRange(turns[members[0]], 299, 301);
        Assert.Equal(6, _ring.Count);
    }

    private void Enter(Subscriber[] rows, bool isSeeded)
    {
        var table = new SwarmTable();
        for (var i = 0; i < rows.Length; i++)
        {
            var address = PeerAddress.FromIPv4(0x0A00_0001 + (uint)i, 1980);
            rows[i].Member = table.Enter(Scene.Id, _content.Manifest, isSeeded, new NodeId((ulong)i + 1), address);
        }
    }

    private Subscriber Ready(Company? company, uint held, Company? sharesWith = null)
    {
        var row = new Subscriber
        {
            Peer = PeerAddress.FromIPv4(0x0A00_0001, 1),
            SubscriptionId = ++_next,
            Credit = new PeerCredit(PeerAddress.FromIPv4(0x0A00_0001, 1)),
            Resource = Scene.Id,
            Content = _content,
            Layout = _content.Manifest.Layout,
            Company = company,
            HeldReported = held,
            Place = SubscriberPlace.Ready,
            LastTurn = _now,
        };
        if (company is not null)
        {
            row.Serial = company.Entered++;
        }

        _ring.Enqueue(row, company ?? sharesWith);
        return row;
    }

    private List<Subscriber> Drain()
    {
        var rows = new List<Subscriber>();
        while (_ring.TryDequeue(_now, out var row))
        {
            rows.Add(row);
        }

        return rows;
    }
}
