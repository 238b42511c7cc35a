namespace PouringRain.Protocol.Grouping;

/// <summary>The receivers that a sender knows: bounded, and of no influence on what rains but by the losses that they report.</summary>
internal sealed class GroupRoster
{
    /// <summary>Receivers at one address; on a loopback there may be any number.</summary>
    private const int AtOneAddressMax = 64;

    /// <summary>One in so many may be worse off than what the rain goes by.</summary>
    private const int OutlierPart = 20;

    /// <summary>From so many receivers on one may be left behind.</summary>
    private const int OutliersFrom = 4;

    /// <summary>What is taken to be lost before anybody has reported.</summary>
    private const double LossUnknown = 0.02;

    private static readonly TimeSpan LossLifetime = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<Bits128, GroupRosterRow> _byIdentity = [];
    private readonly Dictionary<PeerAddress, GroupRosterRow> _byAddress = [];
    private readonly Dictionary<Bits128, int> _atAddress = [];
    private readonly int[] _counts = new int[Enum.GetValues<GroupReceiverState>().Length];
    private readonly int _countMax;
    private double[] _losses = [];
    private Instant _lossKnownUntil;
    private double _loss = LossUnknown;

    public GroupRoster(int countMax) => _countMax = countMax;

    /// <summary>How many there are.</summary>
    public int Count => _byIdentity.Count;

    /// <summary>How many are in a state.</summary>
    public int CountOf(GroupReceiverState state) => _counts[(int)state];

    /// <summary>How many may still come to an end.</summary>
    public int PendingCount => Count - CountOf(GroupReceiverState.Done) - CountOf(GroupReceiverState.Failed)
        - CountOf(GroupReceiverState.Lost);

    /// <summary>How many lack blocks, as far as is known.</summary>
    public int LackingCount { get; private set; }

    public IEnumerable<GroupRosterRow> Rows => _byIdentity.Values;

    /// <summary>By state.</summary>
    public int[] Counts => [.. _counts];

    /// <summary>Finds who reports from an address.</summary>
    public GroupRosterRow? At(PeerAddress address) => _byAddress.GetValueOrDefault(address);

    /// <summary>Takes the report of an address that has shown a token.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="report">What it says.</param>
    /// <param name="blockCount">Blocks of the version.</param>
    /// <param name="change">What that changes.</param>
    /// <returns>The receiver; null when there is no place for it.</returns>
    public GroupRosterRow? Take(Instant now, PeerAddress from, in ReportMessage report, int blockCount, out GroupRosterChange change)
    {
        change = GroupRosterChange.None;
        if (!_byIdentity.TryGetValue(report.Identity.Value, out var row))
        {
            if (!TryAdd(now, from, report.Identity, out row))
            {
                return null;
            }

            change = GroupRosterChange.Joined;
        }
        else if (row.Address != from)
        {
            // Started again, or somebody else says that it is this one: an end that was reported stands.
            if (row.HasEnded || now - row.LastHeard < TimeSpan.FromMilliseconds(500) && row.State != GroupReceiverState.Lost)
            {
                return row.HasEnded ? row : null;
            }

            Forget(row);
            row.Address = from;
            Remember(row);
        }

        row.LastHeard = now;
        if (row.HasEnded)
        {
            return row;
        }

        var blocks = (int)Math.Min(report.BlockCount, (uint)blockCount);
        if (blocks > row.BlocksMost || report.State == (byte)GroupReceiverState.Verifying)
        {
            // To read back what was written, or to hand it on to who reads slowly, may take long, and is progress.
            row.LastProgress = now;
            row.BlocksMost = Math.Max(blocks, row.BlocksMost);
            row.HasGivenUp = false;
        }
        else if (row.HasGivenUp && report.State == (byte)GroupReceiverState.Receiving)
        {
            return row;
        }

        LackingCount -= row.Lacks ? 1 : 0;
        row.Blocks = blocks;
        row.Lacks = blocks < blockCount && report.State <= (byte)GroupReceiverState.Receiving;
        LackingCount += row.Lacks ? 1 : 0;
        row.RateBitsPerSecond = report.KilobitsPerSecond * 1000L;
        row.Loss = GroupMessage.FromShare(report.Loss);
        row.RecentLoss = report.RecentLoss == ReportMessage.LossUnknown ? null : GroupMessage.FromShare(report.RecentLoss);
        row.HasReported |= report.State != (byte)GroupReceiverState.Waiting;
        row.Failure = (GroupFailure)report.Failure;
        row.Receipt = report.State == (byte)GroupReceiverState.Done ? report.ReadBack : null;
        var state = (GroupReceiverState)report.State;
        state = row.State == GroupReceiverState.Late && state == GroupReceiverState.Receiving ? row.State : state;
        if (SetState(row, state) && change == GroupRosterChange.None)
        {
            change = GroupRosterChange.Changed;
        }

        return row;
    }

    /// <summary>A receiver is in another state.</summary>
    public bool SetState(GroupRosterRow row, GroupReceiverState state)
    {
        if (row.State == state)
        {
            return false;
        }

        _counts[(int)row.State]--;
        row.State = state;
        _counts[(int)state]++;
        if (state is not (GroupReceiverState.Waiting or GroupReceiverState.Receiving or GroupReceiverState.Late) && row.Lacks)
        {
            row.Lacks = false;
            LackingCount--;
        }

        return true;
    }

    /// <summary>The loss that the rain goes by: that of the worst but for one in twenty, and but for the worst one where there are four or
    /// more. What a receiver needs beyond that, it alone needs.</summary>
    public double LossFor(Instant now)
    {
        if (now < _lossKnownUntil)
        {
            return _loss;
        }

        _lossKnownUntil = now + (Count > 1000 ? 8 * LossLifetime : LossLifetime);
        if (_losses.Length < Count)
        {
            _losses = new double[Math.Max(16, 2 * Count)];
        }

        var count = 0;
        foreach (var row in _byIdentity.Values)
        {
            if (row.HasReported && row.State is not (GroupReceiverState.Failed or GroupReceiverState.Lost))
            {
                _losses[count++] = row.Loss;
            }
        }

        if (count < Math.Min(8, (Count + 1) / 2) || count == 0)
        {
            return _loss = LossUnknown;
        }

        Array.Sort(_losses, 0, count);
        var above = count < OutliersFrom ? 0 : Math.Max(1, count / OutlierPart);
        return _loss = _losses[count - 1 - above];
    }

    /// <summary>Whether a receiver loses so much more than the others that it must not drive what rains for all.</summary>
    public bool IsOutlier(Instant now, double loss) => Count >= OutliersFrom && loss > (2 * LossFor(now)) + 0.02;

    private bool TryAdd(Instant now, PeerAddress from, NodeId identity, out GroupRosterRow row)
    {
        row = new GroupRosterRow(identity, from, now);
        if (Count >= _countMax
            || (!from.IsLoopback && _atAddress.GetValueOrDefault(from.Address) >= AtOneAddressMax && !_byAddress.ContainsKey(from)))
        {
            return false;
        }

        _byIdentity.Add(identity.Value, row);
        _counts[(int)row.State]++;
        LackingCount++;
        Remember(row);
        return true;
    }

    private void Remember(GroupRosterRow row)
    {
        // Who comes from the address of another has taken its place: the other is not heard any more and times out.
        _byAddress[row.Address] = row;
        _atAddress[row.Address.Address] = _atAddress.GetValueOrDefault(row.Address.Address) + 1;
    }

    private void Forget(GroupRosterRow row)
    {
        if (_byAddress.GetValueOrDefault(row.Address) == row)
        {
            _byAddress.Remove(row.Address);
        }

        _atAddress[row.Address.Address]--;
    }
}

/// <summary>What a report changes.</summary>
internal enum GroupRosterChange
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The receiver is new.</summary>
    Joined,

    /// <summary>It is in another state.</summary>
    Changed,
}

/// <summary>One receiver.</summary>
internal sealed class GroupRosterRow
{
    public GroupRosterRow(NodeId identity, PeerAddress address, Instant now)
    {
        Identity = identity;
        Address = address;
        LastHeard = now;
        LastProgress = now;
    }

    public NodeId Identity { get; }

    public PeerAddress Address { get; set; }

    public GroupReceiverState State { get; set; }

    public int Blocks { get; set; }

    /// <summary>The most that it ever said to have: more than that is progress.</summary>
    public int BlocksMost { get; set; }

    public double Loss { get; set; }

    /// <summary>The loss of the latest droplets; null when too few were rained to tell.</summary>
    public double? RecentLoss { get; set; }

    public long RateBitsPerSecond { get; set; }

    public Sha256Digest? Receipt { get; set; }

    public GroupFailure Failure { get; set; }

    public Instant LastHeard { get; set; }

    /// <summary>When the blocks that it has were more than before, last.</summary>
    public Instant LastProgress { get; set; }

    /// <summary>Whether it lacks blocks, as far as is known.</summary>
    public bool Lacks { get; set; } = true;

    /// <summary>Whether its loss is known.</summary>
    public bool HasReported { get; set; }

    /// <summary>Symbols that were rained because it asked, and nobody had asked for as many before.</summary>
    public long Caused { get; set; }

    /// <summary>Whether nothing has come of raining for it for so long that nobody waits for it any more.</summary>
    public bool HasGivenUp { get; set; }

    /// <summary>From when on it may say again what it lacks of many blocks.</summary>
    public Instant RangesFrom { get; set; }

    /// <summary>From when on it may have another train.</summary>
    public Instant TrainFrom { get; set; }

    public bool HasEnded => State is GroupReceiverState.Done or GroupReceiverState.Failed;

    public GroupReceiverRow ToRow() => new()
    {
        Identity = Identity,
        Address = Address,
        State = State,
        Blocks = Blocks,
        Loss = Loss,
        RateBitsPerSecond = RateBitsPerSecond,
        Receipt = Receipt,
        Failure = Failure,
        LastHeard = LastHeard,
    };
}
