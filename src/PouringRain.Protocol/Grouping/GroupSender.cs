using System.Diagnostics.CodeAnalysis;
using PouringRain.Coding;

namespace PouringRain.Protocol.Grouping;

/// <summary>
/// Rains one version on a group, for any number of receivers at once: each symbol once, and then as many others of a block as the receiver
/// needs that lost most of it, whichever they lost. Sans-I/O: whoever owns the socket gives it what
/// <see cref="GroupFormat.IsGroupMessage"/> says is its own, then calls <see cref="TryPollEvent"/> and <see cref="TryPollTransmit"/> until
/// there is nothing, then waits until <see cref="NextTimeout"/>. Time never goes back. Not thread-safe.
/// </summary>
/// <remarks>
/// What it sends to the group must come from the socket at which it hears, since receivers answer to where the rain comes from. A version
/// without blocks is its manifest alone. Its rooms:
/// <code>
/// GroupPacer      when something may go out
/// GroupRate       how fast, when that is to be found out
/// GroupSchedule   which symbol next: the window, its repair, rounds
/// GroupRoster     who receives, and the loss that counts
/// GroupFeedback   what is made of reports and needs
/// </code>
/// </remarks>
public sealed partial class GroupSender
{
    private const int AnswersWaitingMax = 4096;

    private readonly GroupSenderOptions _options;
    private readonly ResourceId _resource;
    private readonly IRainContent _content;
    private readonly IFountainCode _code;
    private readonly ManifestRain _manifests = new();
    private readonly Queue<(PeerAddress To, WelcomeMessage? Welcome)> _answers = new();
    private readonly Queue<GroupSenderEvent> _events = new();
    private readonly GroupPacer _pacer;
    private readonly GroupSchedule _schedule;
    private readonly GroupRoster _roster;
    private readonly GroupFeedback _feedback;
    private readonly GroupRate? _rate;
    private readonly Instant _started;
    private uint _sequence;
    private Instant _now;

    /// <summary>Makes a sender; nothing is sent before the first poll.</summary>
    /// <param name="options">Where and how fast.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="content">The version, held whole, and no tombstone.</param>
    /// <param name="seed">Seeds its random choices, the stream's id among them.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The content cannot be rained.</exception>
    public GroupSender(GroupSenderOptions options, ResourceId resource, IRainContent content, ulong seed, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(content);
        if (!content.IsComplete || content.Manifest.IsDeleted || !ManifestRain.CanRain(content.Manifest, out var code))
        {
            throw new ArgumentException("A version that is held whole, in a code that is known, is needed.", nameof(content));
        }

        _options = options;
        _resource = resource;
        _content = content;
        _code = code!;
        _started = now;
        _now = now;
        var random = new SplitMix(seed);
        StreamId = random.NextUInt32() | 1;
        _sequence = random.NextUInt32();
        _pacer = new GroupPacer(options, now);
        _schedule = new GroupSchedule(content.Manifest.Layout, _code, options.WindowBytes);
        _roster = new GroupRoster(options.ReceiverCountMax);
        _feedback = new GroupFeedback(options, StreamId, content.Manifest.Layout, _schedule, _roster);
        _rate = options.IsRateAutomatic ? new GroupRate(options.RateBitsPerSecond, now) : null;
        _pacer.RateBitsPerSecond = _rate?.BitsPerSecond ?? _pacer.RateBitsPerSecond;
        _manifestSymbols = _code.SymbolsToRequest(
            (content.Manifest.Bytes.Length + content.Manifest.Layout.SymbolSize - 1) / content.Manifest.Layout.SymbolSize);
        _due = now;
        _announceAt = now;
    }

    /// <summary>Chosen at random, not 0; all that the group gets carries it.</summary>
    public uint StreamId { get; }

    /// <summary>How far it has come.</summary>
    public GroupStage Stage { get; private set; }

    /// <summary>Why it ended, or <see cref="GroupEndReason.None"/>.</summary>
    public GroupEndReason EndReason { get; private set; }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came; never once it has ended and said
    /// so.</summary>
    public Instant NextTimeout => _events.Count > 0 ? _now : _due;

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        _now = now;
        if (Stage == GroupStage.Ended || !GroupMessage.TryReadHeader(datagram, out var kind, out var streamId))
        {
            return;
        }

        if (streamId == 0 && kind == GroupMessageKind.Report && datagram.Length == ReportMessage.PaddedBytes)
        {
            // Who hears nothing on the group asks what rains; the answer is no longer than the question.
            Answer(now, from, null);
            return;
        }

        if (streamId != StreamId)
        {
            return;
        }

        if (kind == GroupMessageKind.Report)
        {
            OnReport(now, from, datagram);
        }
        else if (kind == GroupMessageKind.Need && _feedback.OnNeed(now, from, datagram, _dropletsOfBlocks) > 0)
        {
            TellWindowSoon(now);
        }
        else if (kind == GroupMessageKind.TrainRequest && Stage == GroupStage.Raining
            && _feedback.OnTrainRequest(now, from, datagram) is { } number)
        {
            OweTrain(now, from, number);
        }
    }

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out GroupSenderEvent groupEvent) => _events.TryDequeue(out groupEvent);

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least 1500 bytes, or what a droplet takes when that is more; more lets several go out together.</param>
    /// <param name="transmit">What was written; it goes to the group, or to one receiver.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        _now = now;
        transmit = default;
        if (now < _due)
        {
            return false;
        }

        if (!_pacer.MaySend(now))
        {
            _due = _pacer.NextTime;
            return false;
        }

        Advance(now);
        if (TryAnswer(now, buffer, out transmit) || TryAnnounce(now, buffer, out transmit) || TryTellWindow(now, buffer, out transmit)
            || TryTrain(now, buffer, out transmit) || TryRain(now, buffer, out transmit))
        {
            return true;
        }

        _due = NextDue(now);
        return false;
    }

    /// <summary>Ends it; that is still to be told to the group.</summary>
    public void Cancel(Instant now)
    {
        _now = now;
        End(now, GroupEndReason.Cancelled);
    }

    /// <summary>Its figures now.</summary>
    public GroupSenderSnapshot Snapshot(Instant now) => new()
    {
        Stage = Stage,
        Round = _schedule.Round,
        FirstBlock = _schedule.FirstBlock,
        WireBytes = _pacer.WireBytes,
        Droplets = _droplets,
        RepairDroplets = _feedback.Granted,
        RateBitsPerSecond = _pacer.RateBitsPerSecond,
        Loss = _roster.LossFor(now),
        Receivers = _roster.Counts,
        Needs = _feedback.Needs,
        Refused = _feedback.Refused,
    };

    /// <summary>The receivers that it knows.</summary>
    public IReadOnlyList<GroupReceiverRow> Receivers() => [.. _roster.Rows.Select(static row => row.ToRow())];

    private void OnReport(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        var row = _feedback.OnReport(now, from, datagram, out var change, out var answer);
        if (_rate is not null && row is { HasEnded: false, RecentLoss: { } recent } && Stage == GroupStage.Raining && !_schedule.IsDry)
        {
            _rate.OnLoss(now, row.Identity, recent);
        }

        if (answer is { } welcome)
        {
            Answer(now, from, welcome);
        }

        if (row is null || change == GroupRosterChange.None)
        {
            return;
        }

        _events.Enqueue(new GroupSenderEvent(
            change == GroupRosterChange.Joined ? GroupSenderEventKind.ReceiverJoined : GroupSenderEventKind.ReceiverChanged, row.Identity));
        _lastNews = change == GroupRosterChange.Joined || row.HasEnded ? now : _lastNews;
        _due = now;
    }

    private void Answer(Instant now, PeerAddress to, WelcomeMessage? welcome)
    {
        if (_answers.Count < AnswersWaitingMax)
        {
            _answers.Enqueue((to, welcome));
            _due = now;
        }
    }

    private bool TryAnswer(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        if (!_answers.TryDequeue(out var next))
        {
            transmit = default;
            return false;
        }

        var length = next.Welcome?.Write(buffer) ?? WriteAnnounce(buffer);
        _pacer.OnMessage(now, length);
        transmit = new Transmit(next.To, length, length);
        return true;
    }

    [DoesNotReturn]
    private static void ThrowSmallBuffer() => throw new ArgumentException("The buffer holds no droplet.");
}
