namespace PouringRain.Protocol.Tests.Swarming;

/// <summary>Swarms in which everybody is sent at once what is suggested, and what was sent is at all honest ones a round later.</summary>
public class SpreadWatchTests
{
    private const int BlockCount = 1000, MemberCount = 8;

    // A round is over when all but so many have been sent.
    private const int LastCount = 3;
    private readonly SeedRoundPlay _round = new(BlockCount, MemberCount);

    [Fact]
    public void AmongHonestOnesEveryBlockIsSentOnce()
    {
        _round.Run();
        var sent = _round.Sent.Select(sent => sent.Block).ToArray();
        Assert.Equal(sent.Distinct(), sent);
        Assert.InRange(sent.Length, BlockCount - LastCount, BlockCount);
        Assert.DoesNotContain(_round.Members, member => member.Spread.IsSink);
    }

    [Fact]
    public void WhoKeepsWhatItGetsIsFoundAndGetsLittleMore()
    {
        _round.Keepers.Add(_round.Members[3]);
        _round.Run();
        Assert.True(_round.Members[3].Spread.IsSink);
        Assert.Single(_round.Members, member => member.Spread.IsSink);

        // A fair share would be 125. It had one before anything was expected at others, then now and then a block, and at the end, when the
        // others have few, what is left over.
        Assert.InRange(_round.Sent.Count(sent => sent.Member == _round.Members[3]), 8, 75);
    }

    [Fact]
    public void WhatASinkWasGivenIsGivenToAnother()
    {
        _round.Keepers.Add(_round.Members[3]);
        _round.Run();
        var kept = _round.Sent.Where(sent => sent.Member == _round.Members[3]).Select(sent => sent.Block).ToHashSet();
        var others = _round.Sent.Where(sent => sent.Member != _round.Members[3]).Select(sent => sent.Block).ToHashSet();

        // But for what it was given last, of which nobody knows anything yet.
        Assert.InRange(kept.Except(others).Count(), 0, 25);
    }

    [Fact]
    public void WhoGivesOnAgainIsASinkNoMore()
    {
        _round.Keepers.Add(_round.Members[3]);
        _round.Run(untilSent: BlockCount / 2);
        Assert.True(_round.Members[3].Spread.IsSink);
        _round.Keepers.Clear();
        _round.Run();
        Assert.False(_round.Members[3].Spread.IsSink);
    }

    [Fact]
    public void OneThatLacksEverythingMakesNobodyASink()
    {
        _round.Forgetful = _round.Members[5];
        _round.Run();
        Assert.DoesNotContain(_round.Members, member => member.Spread.IsSink);
    }

    [Fact]
    public void WhereAllKeepWhatTheyGetAllAreGivenBlocksAllTheSame()
    {
        _round.Keepers.AddRange(_round.Members);
        _round.Run();
        Assert.InRange(_round.Sent.Select(sent => sent.Block).Distinct().Count(), BlockCount - LastCount, BlockCount);
    }

    [Fact]
    public void WhoLeavesWhileItIsAskedAboutOrAskedIsForgotten()
    {
        _round.Keepers.Add(_round.Members[3]);
        _round.Run(untilSent: 60);
        _round.Leave(_round.Members[3]);
        _round.Leave(_round.Members[0]);
        _round.Run();
        Assert.InRange(_round.Sent.Select(sent => sent.Block).Distinct().Count(), BlockCount - LastCount, BlockCount);
        Assert.DoesNotContain(_round.Members, member => member.Spread.IsSink);
    }
}
