using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>
/// Group rain drawn from a seed: links that lose each their own frames, singly and in bursts, receivers that come late, die, start again,
/// are slow or deaf to the group, other streams, and somebody who forges. What is checked is only what is promised: what is written is
/// right, who can reach the sender comes to an end, memory keeps to the window, and who asks for more than he needs gets no more than his
/// share.
/// <c>GroupTrial.Draws</c> draws who is there and what happens.
/// </summary>
public sealed partial class GroupTrial : ITrial
{
    private static readonly ResourceId Id = new(77), OtherId = new(78);

    private readonly SimRandom _random;
    private readonly SimWorld _world;
    private readonly List<string> _notes = [];
    private readonly byte[]? _secret;
    private readonly SimContent _content;
    private readonly Dictionary<Sha256Digest, SimContent> _known = [];
    private readonly List<SimGroupReceiver> _receivers = [];
    private readonly HashSet<SimGroupReceiver> _gone = [];
    private readonly SimGroupSender _sender;
    private readonly List<SimGroupSender> _others = [];
    private readonly GroupFault _fault;
    private GroupForger? _forger;
    private Instant _began;

    public GroupTrial(ulong seed, GroupFault fault = GroupFault.None)
    {
        _random = new SimRandom(seed ^ 0x4752_4F55_50);
        _more = new SimRandom(seed ^ 0x4D4F_5245);
        _isWifi = _more.Chance(150_000);
        _fault = fault;
        _world = new SimWorld(_random.Next()) { TimerLateness = TimeSpan.FromMicroseconds(200) };
        _secret = _random.Chance(200_000) ? [.. "a secret"u8] : null;
        _content = DrawContent(stamp: 1000);
        _sender = DrawSender();
        DrawOthers();
        DrawReceivers();
        DrawForger();
        DrawReplayer();
    }

    /// <summary>What was promised and did not hold.</summary>
    public IList<string> Broken { get; } = [];

    /// <summary>What was drawn.</summary>
    public string Description =>
        $"{_content.Manifest.Layout.BlockCount} blocks of {_content.Manifest.Layout.BlockBytes} bytes, "
        + $"T {_content.Manifest.Layout.SymbolSize}, "
        + $"{_content.Manifest.Code}{(_secret is null ? "" : ", sealed")}, {_receivers.Count} receivers, {string.Join(", ", _notes)}; "
        + $"{_world.Steps} steps, {_sender.Sender.EndReason}, droplets {_sender.Sender.Snapshot(_world.Now).Droplets}, repair "
        + $"{_sender.Sender.Snapshot(_world.Now).RepairDroplets}";

    /// <summary>Runs it.</summary>
    public void Run()
    {
        const long stepsMax = 30_000_000;
        var began = _began = _world.Now;
        _world.RunUntil(
            () => _world.Steps > stepsMax || (_world.Steps % 64 == 0 && IsOver()), TimeSpan.FromSeconds(_limitSeconds));
        if (_world.Steps > stepsMax)
        {
            Broken.Add($"spins: {stepsMax} steps in {(_world.Now - began).TotalSeconds:F1} s");
        }

        foreach (var receiver in _receivers.Where(receiver => !_gone.Contains(receiver)))
        {
            Check(receiver, (_world.Now - began).TotalSeconds);
        }

        CheckSender();
    }

    public void Dispose()
    {
        _receivers.ForEach(static receiver => receiver.Dispose());
        _sender.Dispose();
        _others.ForEach(static other => other.Dispose());
        _forger?.Dispose();
        _replayer?.Dispose();
    }

    private bool IsExcused(SimGroupReceiver receiver) =>
        CameTooLate(receiver) || WasNotWaitedFor(receiver) || WasLeftBehind(receiver) || WasMisled(receiver) || WasDrowned(receiver);

    private GroupReceiverRow? RowOf(SimGroupReceiver receiver) =>
        _sender.Sender.Receivers().FirstOrDefault(row => row.Identity == receiver.Identity);

    /// <summary>As many as were waited for are done, and this is not one of them.</summary>
    private bool WasNotWaitedFor(SimGroupReceiver receiver) => _wait > 0 && _sender.EndedAt is not null && RowOf(receiver) is null;

    /// <summary>Whose link somebody fills many times over with what he sends to the group hears next to nothing of the sender, which waits
    /// for strangers and for who does not come on as long as it says and no longer.</summary>
    private bool WasDrowned(SimGroupReceiver receiver) => _sender.EndedAt is not null
        && (RowOf(receiver) is null or { State: GroupReceiverState.Lost })
        && (receiver.GroupDownlink ?? receiver.Downlink).RateBytesPerSecond is > 0 and var rate && _forger is { } forger
        && forger.GroupBytesPerSecond > 4 * rate;

    /// <summary>Who takes any version, without a secret, may be told of so many that it does not find the one there is before its sender
    /// has gone, which never heard of it.</summary>
    private bool WasMisled(SimGroupReceiver receiver) =>
        _forger is { Kind: Forgery.Announcements } && _secret is null && receiver.OnlyVersion is null && _sender.EndedAt is not null
        && (receiver.StartedAt > _began || RowOf(receiver) is null);

    /// <summary>Who was not there from the beginning, or hears nothing on the group, may find that all others are done and the sender is
    /// gone: nobody knew that it would come. So may who had told its end and was started again.</summary>
    private bool CameTooLate(SimGroupReceiver receiver)
    {
        var state = RowOf(receiver)?.State;
        return (receiver.StartedAt > _began || !receiver.IsOnGroup) && _sender.EndedAt is not null
            && (state is null or GroupReceiverState.Lost or GroupReceiverState.Done or GroupReceiverState.Failed);
    }

    /// <summary>Who loses half of what rains may get no block out of a round, and there is no other way when nobody has the same by
    /// unicast.</summary>
    private bool WasLeftBehind(SimGroupReceiver receiver) => !_hasRain && RowOf(receiver) is { State: GroupReceiverState.Lost }
        && (receiver.Receiver.Snapshot().Loss > 0.4
            || receiver.Downlink.Dropped > 0.4 * (receiver.Downlink.Dropped + receiver.Downlink.Passed));

    private bool IsOver() => _eventsLeft == 0 && _sender.Sender.EndReason != GroupEndReason.None
        && _receivers.TrueForAll(receiver => _gone.Contains(receiver) || receiver.HasEnded || IsExcused(receiver));

    private void Check(SimGroupReceiver receiver, double seconds)
    {
        var name = $"receiver {_receivers.IndexOf(receiver)}";
        var figures = receiver.Receiver.Snapshot();
        var layout = _content.Manifest.Layout;
        var windowMost = Math.Max(receiver.WindowBytesMax, 2L * layout.BlockBytes) + layout.BlockBytes + (layout.BlockCount * 32L)
            + 8192 + (layout.SymbolSize * 1024L);
        if (receiver.OpenBytesMost > windowMost)
        {
            Broken.Add($"{name} held {receiver.OpenBytesMost} bytes of blocks");
        }

        if (receiver.DiskBlocks >= 0 && receiver.DiskBlocks < layout.BlockCount)
        {
            if (MustComplete && !IsExcused(receiver) && receiver.Receiver.State != GroupReceiverState.Failed)
            {
                Broken.Add($"{name} has no room and is {receiver.Receiver.State}");
            }

            return;
        }

        if (!MustComplete || IsExcused(receiver))
        {
            return;
        }

        if (receiver.CompletedAt is null || receiver.Receiver.Version != _content.Manifest.Version || !receiver.HasEnded)
        {
            Broken.Add($"after {seconds:F1} s {name} is {receiver.Receiver.State}, {receiver.Receiver.EndReason}, {figures.Blocks} blocks, "
                + $"{figures.WrongBlocks} wrong, loss {figures.Loss:F3}, round {figures.Round}, {receiver.Fetches} fetches, events "
                + $"{string.Join(" ", receiver.Events.Distinct())}");
        }
    }

    private void CheckSender()
    {
        var figures = _sender.Sender.Snapshot(_world.Now);
        if (_sender.Sender.EndReason == GroupEndReason.None)
        {
            Broken.Add(
                $"the sender goes on, in stage {figures.Stage}, receivers {string.Join(" ", figures.Receivers)}, round {figures.Round}");
        }

        var layout = _content.Manifest.Layout;
        var symbols = 0L;
        for (var i = 0; i < layout.BlockCount; i++)
        {
            symbols += layout.SymbolsOf(i);
        }

        // Nobody lost anything: what was repeated was for who said so all the same.
        if (_isLossless && _content.Manifest.Code == "raptorq" && figures.RepairDroplets > 64 + (0.08 * symbols) + 1)
        {
            Broken.Add($"{figures.RepairDroplets} of {symbols} symbols were repeated for nobody");
        }

        foreach (var row in _sender.Sender.Receivers())
        {
            if (row.State == GroupReceiverState.Done && row.Receipt != _content.Manifest.Sha256)
            {
                Broken.Add("a receipt is another's");
            }
        }
    }

    private void CheckBlock(SimGroupReceiver receiver, int index, ReadOnlyMemory<byte> bytes)
    {
        var version = receiver.Receiver.Version;
        if (!_known.TryGetValue(version, out var content)
            || (receiver.OnlyResource is { } resource && resource != receiver.Receiver.Resource)
            || (receiver.OnlyVersion is { } only && only != version))
        {
            Broken.Add("a block of a version that is not taken was written");
            return;
        }

        var layout = content.Manifest.Layout;
        if (!content.Bytes.AsSpan((int)layout.OffsetOf(index), layout.BytesOf(index)).SequenceEqual(bytes.Span))
        {
            Broken.Add($"block {index} was written wrong");
        }
    }
}

/// <summary>A mistake made on purpose, by which the checks are checked.</summary>
public enum GroupFault
{
    None,

    /// <summary>A receiver's disk changes a byte of what it is given.</summary>
    WrongByte,

    /// <summary>A receiver is cut off and not told from the others.</summary>
    CutOff,
}
