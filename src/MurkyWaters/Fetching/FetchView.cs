using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>What a fetch tells of itself: an immutable value, replaced whole. The figures of the running round are asked of that.</summary>
internal sealed record FetchView
{
    public FetchPhase Phase { get; init; }

    /// <summary>The version, once known.</summary>
    public Manifest? Manifest { get; init; }

    /// <summary>What is here of it.</summary>
    public FetchBlocks? Blocks { get; init; }

    /// <inheritdoc cref="FetchMachine.Keep"/>
    public Retention? Keep { get; init; }

    /// <inheritdoc cref="FetchMachine.CanKeep"/>
    public bool CanKeep { get; init; } = true;

    /// <inheritdoc cref="FetchMachine.IsSatisfied"/>
    public bool IsSatisfied { get; init; }

    /// <summary>How it ended, once it has.</summary>
    public FetchEndReason End { get; init; }

    /// <summary>What to say of it in place of what bounded its speed.</summary>
    public string? Verdict { get; init; }

    /// <summary>The running round.</summary>
    public IRainRound? Round { get; init; }

    public Instant RoundBegan { get; init; }

    /// <summary>How long the rounds before took.</summary>
    public TimeSpan Rained { get; init; }

    /// <summary>The sums of the rounds before.</summary>
    public TransferFigures Figures { get; init; } = new();

    /// <summary>Where the time of the rounds before went.</summary>
    public FetchTimes RoundTimes { get; init; }

    /// <summary>Bytes of the rounds before that came from the object store.</summary>
    public long StoreBytes { get; init; }

    /// <summary>Bytes of all rounds that came from the object store, up to now.</summary>
    public long StoreBytesNow => StoreBytes + (Round?.StoreBytes ?? 0);

    public bool IsOver => Phase == FetchPhase.Over;

    /// <summary>Whether it is asking, raining or waiting for memory, and not just lingering for its readers.</summary>
    public bool IsActive => Phase is FetchPhase.Waiting or FetchPhase.Raining || (!IsOver && Manifest is null);

    /// <summary>The sums of all rounds, up to now.</summary>
    public TransferFigures FiguresNow => Figures.With(Round?.Snapshot);

    /// <summary>Where its time went, up to now; idle time between rounds is not counted.</summary>
    public FetchTimes Times => Round?.Times is not { } more ? RoundTimes
        : new FetchTimes(RoundTimes.FirstDroplet ?? Rained + more.FirstDroplet, RoundTimes.Verifying + more.Verifying);

    public string StateName =>
        Manifest is { IsDeleted: true } ? StateNames.Deleted
        : IsOver ? StateNames.Of(End)
        : Manifest is null ? "discovering"
        : IsSatisfied || (Round is null && Blocks is { IsComplete: true }) ? "completed"
        : "raining";

    /// <summary>This when the running round has ended.</summary>
    public FetchView WithRoundEnded(Instant now) => Round is null ? this : this with
    {
        Figures = FiguresNow,
        StoreBytes = StoreBytesNow,
        RoundTimes = Times,
        Rained = Rained + (now - RoundBegan),
        Round = null,
    };

    /// <summary>The figures, for the table of transfers.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="id">The resource.</param>
    /// <param name="now">The time.</param>
    /// <param name="nameOf">What a server is called.</param>
    /// <param name="gifts">What others that fetch it were sent; null where that is not counted.</param>
    public TransferSnapshot ToSnapshot(long number, ResourceId id, Instant now, Func<PeerAddress, string> nameOf, SwarmGifts? gifts)
    {
        var figures = FiguresNow;
        var isResting = IsOver || Round is null;
        var elapsed = Rained + (Round is null ? TimeSpan.Zero : now - RoundBegan);
        return new TransferSnapshot
        {
            Id = number,
            Resource = id,
            FileName = Manifest?.FileName,
            State = StateName,
            Length = Manifest?.Layout.Length,
            ReceivedBytes = Blocks?.CameBytes ?? 0,
            DecodedBlocks = Blocks?.CameCount ?? 0,
            Blocks = Manifest?.Layout.BlockCount ?? 0,
            BlockMap = Blocks is null ? null : BlockRuns.Of(Blocks.CopyCame(), Blocks.Layout.BlockCount),
            SymbolsNeeded = figures.SymbolsNeeded,
            DropletsReceived = figures.DropletsReceived,
            Overhead = figures.Overhead,
            ElapsedMs = elapsed.TotalMilliseconds,
            Verdict = Verdict ?? Fetching.Verdict.Of(figures, End, elapsed, isResting),
            PeersKnown = figures.KnownPeers,
            GivenBytes = gifts?.Bytes ?? 0,
            Replaced = figures.Former is { Count: > 0 } former
                ? new ReplacedNeighbours(former.Count, former.Droplets, former.Bytes, former.Lost)
                : null,
            Sources = [.. figures.Sources.Select(source => ToRow(source, gifts?.BytesTo(source.Peer) ?? 0))],
        };

        TransferSource ToRow(SourceSnapshot source, long givenBytes) => new(
            nameOf(source.Peer),
            StateNames.Of(source.State, isResting),
            source.Droplets,
            source.Bytes,
            source.Lost,
            TransferFigures.RoundTripMsOf(source),
            TransferFigures.RateOf(source, elapsed, isResting),
            StateNames.RoleOf(source, givenBytes),
            givenBytes,
            source.HoldsAll ? Manifest?.Layout.BlockCount : source.HeldBlocks,
            source.IsNamed);
    }
}
