using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>The state machine alone: what happened is told, what is to be done is looked at.</summary>
public class FetchMachineTests
{
    private static readonly Instant Zero = new(1_000_000_000);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly FetchDoor _door = new();
    private readonly FetchMachine _machine;
    private readonly Blocks _blocks = new(10);

    public FetchMachineTests() => _machine = new FetchMachine(_door, isVersionGiven: false, Grace);

    [Fact]
    public void AReaderIsServedFromTheFirstQuestionToTheSealing()
    {
        Join("a");
        _machine.HandleStart();
        Assert.Equal([FetchActionKind.Prepare], Kinds());
        _machine.HandlePrepared(Zero, mayBeHere: false);
        Assert.Equal([FetchActionKind.Enter], Kinds());
        _machine.HandleGrant(Zero, true);
        Assert.Equal(new FetchAction(FetchActionKind.Rain, null, 0, long.MaxValue), Assert.Single(Actions()));
        _machine.HandleManifest(Zero, _blocks.Manifest, _blocks);
        Assert.Equal(new FetchAction(FetchActionKind.Attach, "a"), Assert.Single(Actions()));
        _blocks.HoldAll();
        _machine.HandleRoundEnded(Zero, FetchEndReason.Completed);
        Assert.Equal([FetchActionKind.Seal], Kinds());
        _machine.HandleSealed(Zero, isHere: true);
        Assert.Equal(new FetchAction(FetchActionKind.Finish, End: FetchEndReason.Completed), Assert.Single(Actions()));
        _machine.HandleFinished(FetchEndReason.Completed);
        Assert.Equal([FetchActionKind.Withdraw, FetchActionKind.Release], Kinds());
        Assert.Equal(FetchPhase.Over, _machine.Phase);
    }

    /// <summary>Whenever it leaves, it is given the blocks once or told something once, and the fetch ends when its time is up.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void AReaderThatLeavesAtAnyStepEndsTheFetch(int step)
    {
        Join("a");
        var steps = new Action[]
        {
            _machine.HandleStart,
            () => _machine.HandlePrepared(Zero, mayBeHere: false),
            () => _machine.HandleGrant(Zero, true),
            () => _machine.HandleManifest(Zero, _blocks.Manifest, _blocks),
            () => { },
        };
        for (var i = 0; i <= steps.Length; i++)
        {
            if (i == step)
            {
                _machine.HandleLeft(Zero, "a");
            }

            if (i < steps.Length)
            {
                steps[i]();
            }
        }

        var attached = Actions().Where(action => action.Kind == FetchActionKind.Attach).ToArray();
        Assert.Equal(step > 3 ? 1 : 0, attached.Length);
        if (_machine.Phase == FetchPhase.Raining)
        {
            Assert.Equal(Zero + Grace, _machine.NextTimeout);
            _machine.HandleTimeout(Zero + Grace);
            Assert.Equal([FetchActionKind.CancelRound], Kinds());
            _machine.HandleRoundEnded(Zero + Grace, FetchEndReason.Cancelled);
        }
        else
        {
            // Nobody wanted anything when it began, so that nothing rains.
            Assert.Equal(FetchPhase.Idle, _machine.Phase);
            _machine.HandleTimeout(Zero + Grace);
        }

        Assert.Equal([FetchActionKind.Finish], Kinds());
        _machine.HandleFinished(FetchEndReason.Cancelled);
        Assert.Equal([FetchActionKind.Withdraw, FetchActionKind.Release], Kinds());
    }

    [Fact]
    public void WhoComesInAsItIsAboutToEndKeepsItGoing()
    {
        Rain("a");
        _machine.HandleLeft(Zero, "a");

        // In by the door, and the fetch has not heard of it yet.
        Assert.True(_door.TryEnter());
        _machine.HandleTimeout(Zero + Grace);
        Assert.Empty(Actions());
        _machine.HandleJoined(Zero + Grace, "b", 0, long.MaxValue);
        Assert.Equal(new FetchAction(FetchActionKind.Attach, "b"), Assert.Single(Actions()));
        Assert.Equal(Instant.Never, _machine.NextTimeout);
        Assert.False(_door.IsClosed);
    }

    [Fact]
    public void ItIsNotOverBeforeItHasHeardOfAllWhoCameIn()
    {
        Rain("a");
        Assert.True(_door.TryEnter());
        _machine.HandleRoundEnded(Zero, FetchEndReason.Stalled);
        Assert.False(_door.TryEnter());
        _machine.HandleFinished(FetchEndReason.Stalled);
        Assert.Equal([FetchActionKind.Finish], Kinds());
        _machine.HandleJoined(Zero, "b", 0, 1);
        Assert.Equal([FetchActionKind.Attach, FetchActionKind.Withdraw, FetchActionKind.Release], Kinds());
        Assert.Equal(FetchEndReason.Stalled, _machine.End);
    }

    [Fact]
    public void WhoHasItKeptWhileItIsSealedIsHeard()
    {
        Rain("a");
        _blocks.HoldAll();
        _machine.HandleRoundEnded(Zero, FetchEndReason.Completed);
        Assert.True(_door.TryEnter());
        _machine.HandleSealed(Zero, isHere: true);
        _machine.HandleKeep(Zero, Retention.Kept);
        Assert.Equal([FetchActionKind.Seal, FetchActionKind.Seal], Kinds());
        _machine.HandleSealed(Zero, isHere: true);
        Assert.Equal([FetchActionKind.Finish], Kinds());
    }

    [Fact]
    public void WhoHasItKeptAfterTheStoreRefusedItIsNotKeptWaiting()
    {
        Rain("a");
        _blocks.HoldAll();
        _machine.HandleRoundEnded(Zero, FetchEndReason.Completed);
        _machine.HandleSealed(Zero, isHere: false);
        Assert.False(_machine.CanKeep);
        Assert.True(_door.TryEnter());
        _machine.HandleKeep(Zero, Retention.Kept);
        Assert.Null(_machine.Keep);
        _machine.HandleLeft(Zero, "a");
        _machine.HandleTimeout(Zero + Grace);
        Assert.Equal(new FetchAction(FetchActionKind.Finish, End: FetchEndReason.LocalFailure), Actions()[^1]);
    }

    [Fact]
    public void ARoundThatBringsNothingIsNotRepeatedForEver()
    {
        Rain("a");
        for (var round = 0; round < 3; round++)
        {
            _machine.HandleRoundEnded(Zero, FetchEndReason.Completed);
            Assert.Equal([FetchActionKind.Enter], Kinds());
            _machine.HandleGrant(Zero, true);
            Assert.Equal([FetchActionKind.Rain], Kinds());
        }

        _machine.HandleRoundEnded(Zero, FetchEndReason.Completed);
        Assert.Equal(FetchEndReason.Stalled, Assert.Single(Actions()).End);
    }

    [Fact]
    public void AReaderElsewhereIsServedOutOfTurnOnce()
    {
        Rain("a");
        Join("b", 0, long.MaxValue);
        Actions();
        _machine.HandleWaiting(Zero, "b", 8000, 100, wireBytes: 0, windowMax: 1 << 20);
        Assert.Equal(new FetchAction(FetchActionKind.Demand, null, 8000, 2000, IsUrgent: true), Assert.Single(Actions()));
        _machine.HandleWaiting(Zero, "b", 9000, 100, wireBytes: 0, windowMax: 1 << 20);
        Assert.Empty(Actions());
    }

    [Fact]
    public void WhatFailsHereEndsWhatRunsFirst()
    {
        Rain("a");
        _machine.HandleFailure(Zero, FetchEndReason.LocalFailure);
        Assert.Equal([FetchActionKind.CancelRound], Kinds());
        _machine.HandleRoundEnded(Zero, FetchEndReason.Cancelled);
        Assert.Equal(FetchEndReason.LocalFailure, Assert.Single(Actions()).End);
    }

    /// <summary>Brings it to where a round rains for one reader.</summary>
    private void Rain(string reader)
    {
        Join(reader);
        _machine.HandleStart();
        _machine.HandlePrepared(Zero, mayBeHere: false);
        _machine.HandleGrant(Zero, true);
        _machine.HandleManifest(Zero, _blocks.Manifest, _blocks);
        Actions();
    }

    private void Join(string reader, long offset = 0, long length = long.MaxValue)
    {
        Assert.True(_door.TryEnter());
        _machine.HandleJoined(Zero, reader, offset, length);
    }

    private List<FetchAction> Actions()
    {
        var actions = new List<FetchAction>();
        while (_machine.TryPollAction(out var action))
        {
            actions.Add(action);
        }

        return actions;
    }

    private FetchActionKind[] Kinds() => [.. Actions().Select(action => action.Kind)];

    private sealed class Blocks : IHeldBlocks
    {
        private readonly bool[] _held;

        public Blocks(int count)
        {
            _held = new bool[count];
            var bytes = Bytes.Random(count * FetchFixture.BlockSize, 1);
            Assert.True(ResourceLayout.TryCreate(bytes.Length, FetchFixture.BlockSize, 100, out var layout));
            Manifest = Manifest.Create(layout, "lt", 1, Sha256Digest.Of(bytes), "text/plain", null, BlockDigest.OfBlocks(layout, bytes));
        }

        public Manifest Manifest { get; }

        public ResourceLayout Layout => Manifest.Layout;

        public int TakenCount => _held.Count(held => held);

        public bool IsComplete => _held.All(held => held);

        public bool HasBlock(int blockIndex) => _held[blockIndex];

        public bool IsInMemory(int blockIndex) => false;

        public void HoldAll() => Array.Fill(_held, true);
    }
}
