namespace PouringRain.Protocol;

/// <content>
/// What is missing is divided among the sources by pull: each source's order book is kept as full as its rate and round trip need,
/// from the earliest block that misses symbols. So shares follow the measured rates. An ESI is asked for once, of one source; what
/// is lost is made good by an ESI that nobody was asked for yet.
/// </content>
public sealed partial class Fetch
{
    // Guesses before the layout is known, which follows the length.
    private const int LargeBlockBytes = ResourceLayout.AutoBlockBytesMax, SmallBlockBytes = ResourceLayout.AutoBlockBytesMin;
    private const int GuessedManifestSymbols = 4, GuessedLargeMax = 3, GuessedSmallMax = LargeBlockBytes / SmallBlockBytes;
    private static readonly TimeSpan BusyGap = TimeSpan.FromMilliseconds(250), IdleGap = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ProbeGap = TimeSpan.FromSeconds(1), FallbackDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GuessGrace = TimeSpan.FromMilliseconds(3);

    private void RunTimers(Instant now)
    {
        TellManifest(now);
        CheckCompleted();
        if (HasEnded)
        {
            return;
        }

        foreach (var path in _paths)
        {
            if (path.IsRaining && path.Log.Outstanding > 0 && now >= path.QuietAt)
            {
                // It is dead, or as good as: others are asked for what it owes, and it is asked whether it lives.
                WithdrawAll(path);
                path.Pace.Restart();
                path.State = SourceState.Silent;
                path.NextSubscribe = now;
                HurryAll(now);
            }
            else if (path.State == SourceState.Asked && path.Log.Outstanding > 0 && now >= GuessesEnd)
            {
                WithdrawAll(path);
                HurryAll(now);
            }
        }

        CheckPaces(now);
        ReplaceLostIsolated(now);
        if (IsDiscovering)
        {
            if (now >= _started + _options.DiscoveryTimeout)
            {
                End(_paths.Exists(path => path.State == SourceState.Busy) ? FetchEndReason.Busy
                    : _paths.Exists(path => path.State == SourceState.Lied) ? FetchEndReason.IntegrityFailure
                    : NotUnderstood is not null ? FetchEndReason.NotUnderstood
                    : FetchEndReason.Unanswered);
            }

            return;
        }

        PauseWhileWorking(now);
        if (!_isReleased && now >= Instant.Max(_lastUseful, _lastSymbol) + FallbackDelay && !_paths.Exists(path => path.IsRaining))
        {
            SetSilentBack(now);
            ChooseVersion(now);
        }

        if (now >= _lastUseful + _options.StallTimeout)
        {
            End(FetchEndReason.Stalled);
        }
    }

    /// <summary>Whether no server rains yet, nor ever did.</summary>
    private bool IsDiscovering =>
        _chosen is null || (_blocks.DropletsReceived == 0 && !_paths.Exists(path => path.State is SourceState.Raining or SourceState.Silent));

    /// <summary>Until when symbols guessed at from sources that have not answered yet are waited for.</summary>
    private Instant GuessesEnd
    {
        get
        {
            if (_firstOffer is not { } first)
            {
                return Instant.Never;
            }

            var roundTrip = TimeSpan.Zero;
            foreach (var path in _paths)
            {
                roundTrip = path.Rate.RoundTrip > roundTrip ? path.Rate.RoundTrip : roundTrip;
            }

            return first + (roundTrip / 2) + GuessGrace;
        }
    }

    private Instant NextDue(Instant now)
    {
        var due = IsDiscovering ? _started + _options.DiscoveryTimeout : _lastUseful + _options.StallTimeout;
        if (due <= now)
        {
            // The deadline is over and the fetch goes on: something is at work.
            due = now + IdleGap;
        }

        if (_owesManifest)
        {
            // What is past has not been enough; then it is a block that is waited for.
            due = Instant.Min(
                due,
                GuessesEnd > now ? GuessesEnd
                : _firstOffer + AnswerGrace is { } end && end > now ? end
                : UnprovenUntil > now ? UnprovenUntil
                : Instant.Never);
        }

        if (!_isReleased && HasRival)
        {
            due = Instant.Min(due, VersionIsDueAt);
        }

        foreach (var path in _paths)
        {
            due = Instant.Min(due, path.NextSubscribe);
            due = path.IsRaining ? Instant.Min(due, path.Pace.EndsAt(path.Rate.RoundTrip)) : due;
            if (path.Log.Outstanding > 0)
            {
                due = Instant.Min(due, path.IsRaining ? path.QuietAt : path.State == SourceState.Asked ? GuessesEnd : Instant.Never);
            }
        }

        return due;
    }

    private Transmit WriteSubscribe(Instant now, FetchPath path, Span<byte> buffer)
    {
        path.BeforeGrant(now);
        if (_chosen is not null && path.IsRaining)
        {
            SettleLosses(now, path);
        }

        // A block that was settled may have shown who lied: the path, the version, the fetch may be over.
        if (_chosen is not null && path.IsRaining && !HasEnded)
        {
            Fill(now, path);
        }
        else if (_chosen is null && path.Number == 0 && path.Token != default)
        {
            Guess(now, path);
        }

        path.Number++;
        var message = new SubscribeMessage
        {
            SubscriptionId = SubscriptionId,
            Number = path.Number,
            Resource = _request.Resource,
            Version = _request.Version ?? _chosen?.Version,
            Token = path.Token,
            AreGuesses = path.HasGuesses,
            WantsSmallSymbols = _blocks.AreSmall,
            WantsOffer = !path.IsRaining || !path.IsValidated,
            ClientTime = WireFormat.Microseconds(now),
            RateBytesPerSecond = (uint)Math.Clamp(path.Rate.RateBytesPerSecond, 0, uint.MaxValue),
            InFlightMax = (uint)Math.Min(InFlightBytesMaxOf(path) / DropletBytes, int.MaxValue),
            HasFeedback = path.Sequences.IsHighestKnown,
            HighestSequence = path.Sequences.HighestKnown,
            ReceivedCount = unchecked((uint)path.Sequences.Received),
            ServerTime = path.ServerTime,
            FirstRequest = path.Log.First,
        };
        path.Log.Write(buffer[SubscribeMessage.FixedBytes..]);
        var length = message.Write(buffer, path.Log.Count);
        path.AfterSubscribe(now, GapAfter(path));
        return new Transmit(path.Peer, length, length);
    }

    /// <summary>What may be unacknowledged: what rate control allows, of which the receive
    /// buffer must hold all that the path does not.</summary>
    private long InFlightBytesMaxOf(FetchPath path)
    {
        var allowed = path.Rate.InFlightBytesMax;
        if (ReceiveBufferBytes <= 0)
        {
            return allowed;
        }

        var raining = 0;
        foreach (var each in _paths)
        {
            raining += each.IsRaining ? 1 : 0;
        }

        var onTheWay = 2 * path.Rate.BandwidthBytesPerSecond * path.Rate.RoundTripMin.TotalSeconds;
        return Math.Min(allowed, (long)onTheWay + (ReceiveBufferBytes / Math.Max(1, raining)));
    }

    private int GuessedSymbolSize => _blocks.AreSmall ? ResourceLayout.SmallSymbolSize : 1408;

    private int DropletBytes => WireFormat.DropletHeaderBytes + (_chosen is null ? GuessedSymbolSize : _blocks.Layout.SymbolSize);

    /// <summary>Time to the next SUBSCRIBE; <see langword="null"/> for the retries of a path that owes an answer.</summary>
    private TimeSpan? GapAfter(FetchPath path) => path.State switch
    {
        SourceState.Raining => path.Log.Outstanding > 0 || (HasDeficit() && !IsPassedOver(path, _now)) ? path.Interval : IdleGap,
        SourceState.Asked or SourceState.Silent => null,
        SourceState.Busy => BusyGap,
        _ => ProbeGap,
    };

    /// <summary>The first SUBSCRIBE to servers whose tokens are known asks for the manifest and the first bytes before anything is known of
    /// them, so that the rain starts in one round trip: each of n servers for every n-th symbol.</summary>
    private void Guess(Instant now, FetchPath path)
    {
        var known = _paths.FindAll(each => each.Token != default);
        var index = known.IndexOf(path);
        var step = Math.Min(known.Count, byte.MaxValue);
        if (index >= step)
        {
            return;
        }

        path.OnAsked(now);
        path.HasGuesses = true;
        path.Log.Add(new RequestItem(WireFormat.ManifestBlockNumber, (uint)index, (byte)step, GuessedManifestSymbols));
        if (_demand.FirstOffset < 0)
        {
            return;
        }

        var perLarge = (LargeBlockBytes / GuessedSymbolSize / step) + 1;
        var perSmall = (SmallBlockBytes / GuessedSymbolSize / step) + 1;
        var credit = path.Rate.RoundTrip > TimeSpan.Zero ? path.CreditTarget(DropletBytes) : 32;
        if (_demand.FirstOffset < SmallBlockBytes)
        {
            // Block 0 begins all, whatever its size. If blocks are small, those that follow are
            // in credit, too; if not, they come next all the same.
            for (var block = 0; block < GuessedSmallMax && credit > 0 && block * (long)SmallBlockBytes < _demand.FirstLength; block++)
            {
                var count = Math.Min(credit, block == 0 ? perLarge : perSmall);
                path.Log.Add(new RequestItem((uint)block, (uint)index, (byte)step, (ushort)count));
                credit -= Math.Min(count, perSmall);
            }
        }
        else if (ResourceLayout.AutoBlockBytes(_demand.FirstOffset, GuessedSymbolSize) == LargeBlockBytes)
        {
            // What has bytes there has large blocks; where in others of unknown size a byte is cannot be told.
            var first = _demand.FirstOffset / LargeBlockBytes;
            for (var n = 0; n < GuessedLargeMax && credit > 0 && n * (long)LargeBlockBytes < _demand.FirstLength
                && first + n < ResourceLayout.BlockCountMax; n++)
            {
                var count = Math.Min(credit, perLarge);
                path.Log.Add(new RequestItem((uint)(first + n), (uint)index, (byte)step, (ushort)count));
                credit -= count;
            }
        }
    }

    /// <summary>The layout is known now: what was guessed is cut as the servers cut it, and counts as asked for.</summary>
    private void OpenGuessed()
    {
        var served = new ServedLayout(_blocks.Layout, _chosen!.Code, _chosen.ManifestBytes);
        foreach (var path in _paths)
        {
            if (!path.HasGuesses)
            {
                continue;
            }

            path.HasGuesses = false;
            for (var i = 0; i < path.Log.Count; i++)
            {
                var item = served.Clamp(path.Log.ItemAt(i), isGuess: true);
                path.Log.Cut(i, item);
                var block = _blocks.Find(item.BlockNumber);
                if (block is null && item.Count > 0 && _picker.IsFirst(item.BlockNumber) && TryOpenNext(path))
                {
                    block = _blocks.Find(item.BlockNumber);
                }

                if (block is null)
                {
                    path.Log.Withdraw(i);
                }
                else if (item.Count > 0)
                {
                    block.Outstanding += item.Count;
                    block.NextEsi = Math.Max(block.NextEsi, item.EsiAt(item.Count - 1) + 1);
                }
            }

            path.Pace.OnOrdered(_now, path.Log.Outstanding);
        }
    }

    private void SettleLosses(Instant now, FetchPath path)
    {
        var log = path.Log;
        for (var i = 0; i < log.Count; i++)
        {
            var lost = log.DeclareLost(i, now, path.Reordering);
            if (lost > 0 && _blocks.Find(log.ItemAt(i).BlockNumber) is { } block)
            {
                block.Outstanding -= lost;
                FinishIfEnough(now, block);
            }
        }

        log.Trim();
    }

    private static bool MayServe(FetchPath path, CollectingBlock block) =>
        block.IsOpenTo(path) && !path.RefusedBlocks.Contains(block.BlockNumber);

    private double LossExpected()
    {
        double weight = 0, loss = 0;
        foreach (var path in _paths)
        {
            if (path.IsRaining && !path.IsSetBack(_now))
            {
                weight += path.Rate.RateBytesPerSecond;
                loss += path.Rate.RateBytesPerSecond * path.Rate.LossRatio;
            }
        }

        return weight == 0 ? 0 : Math.Min(loss / weight, 0.5);
    }

    private bool HasDeficit()
    {
        var loss = LossExpected();
        foreach (var block in _blocks.Open)
        {
            if (block.Deficit(loss) > 0)
            {
                return true;
            }
        }

        return _blocks.Room > 0 && _picker.HasAny;
    }

    private void HurryAll(Instant now)
    {
        foreach (var path in _paths)
        {
            if (path.IsRaining)
            {
                path.Hurry(now);
                _due = Instant.Min(_due, path.NextSubscribe);
            }
        }
    }

    private void WithdrawAll(FetchPath path)
    {
        for (var i = 0; i < path.Log.Count; i++)
        {
            Withdraw(path, i);
        }

        path.Log.Trim();
    }

    private void WithdrawBlock(CollectingBlock block)
    {
        foreach (var path in _paths)
        {
            if (path.Log.Outstanding == 0)
            {
                continue;
            }

            for (var i = 0; i < path.Log.Count; i++)
            {
                if (path.Log.ItemAt(i).BlockNumber == block.BlockNumber)
                {
                    Withdraw(path, i);
                }
            }
        }
    }

    private void Withdraw(FetchPath path, int index)
    {
        var blockNumber = path.Log.ItemAt(index).BlockNumber;
        var outstanding = path.Log.Withdraw(index);
        path.Pace.OnWithdrawn(outstanding);
        if (outstanding > 0 && _blocks.Find(blockNumber) is { } block)
        {
            block.Outstanding -= outstanding;
        }
    }
}
