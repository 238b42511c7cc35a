namespace PouringRain.Protocol;

// What servers say of themselves: OFFER, STATUS, NOT_FOUND, BUSY; and the choice of the version to fetch.
public sealed partial class Fetch
{
    private OfferedVersion? _chosen;
    private Instant? _firstOffer;
    private bool _isReleased;
    private bool _owesManifest, _isManifestTold;

    private void HandleAnswer(Instant now, FetchPath path, MessageType type, ReadOnlySpan<byte> datagram)
    {
        switch (type)
        {
            case MessageType.Offer when OfferMessage.TryParse(datagram, out var offer, out var code):
                path.OnHeard(now, datagram.Length);
                path.OnEcho(now, offer.ClientTime, 0);
                HandleOffer(now, path, offer, code);
                break;
            case MessageType.Status when StatusMessage.TryParse(datagram, out var status, out var refused):
                path.OnHeard(now, datagram.Length);
                path.OnEcho(now, status.ClientTime, status.HeldMicroseconds);
                HandleStatus(now, path, status, refused);
                break;
            case MessageType.NotFound or MessageType.Busy when ShortMessage.TryParse(datagram, out var message)
                && message.Resource == _request.Resource:
                path.OnHeard(now, datagram.Length);
                path.OnEcho(now, message.ClientTime, 0);
                HandleRefusal(now, path, type == MessageType.Busy ? SourceState.Busy : SourceState.NotFound);
                break;
            default:
                return;
        }

        _wireBytes += datagram.Length;
        TellManifest(now);
    }

    private void HandleOffer(Instant now, FetchPath path, in OfferMessage offer, ReadOnlySpan<byte> code)
    {
        // The network may repeat an answer to what was asked before there was a good token.
        var isLate = SequenceNumber.Distance(offer.Number, path.TokenNumber) <= 0;
        if (offer.Token != default && offer.Token != path.Token)
        {
            path.Token = offer.Token;
            path.TokenNumber = path.Number;
            _tokens.Store(path.Peer, offer.Token);
        }

        if (path.State == SourceState.Lied)
        {
            return;
        }

        path.CeilingBytesPerSecond = offer.CeilingBytesPerSecond;
        if (!offer.IsAddressValidated && !isLate)
        {
            // What was asked without a good token was not heard.
            path.Pace.OnUnheard(path.IsRaining ? path.Log.Outstanding : 0);
            WithdrawAll(path);
            path.HasGuesses = false;
        }

        path.IsValidated |= offer.IsAddressValidated;
        var offered = OfferedVersion.From(offer, code);
        if (offered is null || !offered.IsSameAs(path.Offer))
        {
            path.Offer = offered;
            path.RefusedBlocks.Clear();
            if (offered is not null && offered.Version == path.WithheldBefore)
            {
                // What another fetch has found out need not be found out again: where there is another version, that goes first.
                path.Pace.Lag(now);
            }
        }

        if (path.Offer is { } known && _notUnderstood.Contains(known.Version))
        {
            path.Offer = null;
        }

        if (path.Offer is null || (_request.Version is { } wanted && path.Offer.Version != wanted))
        {
            HandleRefusal(now, path, SourceState.Stale);
            return;
        }

        if (path.State == SourceState.Silent)
        {
            path.Rate.Restart(now);
        }

        path.State = path.IsRaining ? path.State : SourceState.Asked;
        _firstOffer ??= now;
        ChooseVersion(now);
        if (path.IsRaining)
        {
            path.Hurry(now);
            _due = Instant.Min(_due, path.NextSubscribe);
        }
    }

    /// <summary>Takes the newest version on offer that comes, unless bytes of another were released already.</summary>
    private void ChooseVersion(Instant now)
    {
        FetchPath? best = null;
        foreach (var path in _paths)
        {
            if (path.Offer is { } offer && path.State is not (SourceState.Lied or SourceState.NotFound or SourceState.Silent)
                && (_request.Version is not { } wanted || offer.Version == wanted)
                && (best is null || GoesBefore(path, best)))
            {
                best = path;
            }
        }

        if (best is null)
        {
            return;
        }

        if (_chosen is null || (!_isReleased && !best.Offer!.IsSameAs(_chosen)))
        {
            Choose(now, best.Offer!, isNew: !best.Pace.IsLagging);
        }

        foreach (var path in _paths)
        {
            // Who is busy or silent is taken up when it speaks for itself.
            if (path.Offer is not { } offer
                || path.State is SourceState.Lied or SourceState.NotFound or SourceState.Busy or SourceState.Silent)
            {
                continue;
            }

            if (offer.IsSameAs(_chosen))
            {
                if (!path.IsRaining)
                {
                    path.State = SourceState.Raining;
                    path.Pace.BeginNext(now, path.Log.Outstanding, path.Rate.RoundTrip);
                    path.Hurry(now);
                }

                // One object for one version, so that it is compared at a glance.
                path.Offer = _chosen;
            }
            else
            {
                WithdrawAll(path);
                path.State = SourceState.Stale;
                if (!path.WasToldStale && _chosen!.IsNewerThan(offer) && offer.Version != _chosen.Version)
                {
                    path.WasToldStale = true;
                    Tell(FetchEventKind.SourceStale, path.Peer);
                }
            }
        }
    }

    /// <param name="now">The time.</param>
    /// <param name="version">The version.</param>
    /// <param name="isNew">Whether it has its full time: not when it comes back because others brought nothing either.</param>
    private void Choose(Instant now, OfferedVersion version, bool isNew)
    {
        foreach (var path in _paths)
        {
            if (!path.HasGuesses)
            {
                WithdrawAll(path);
            }
        }

        ForgetVersion();
        _lastUseful = isNew || _chosen is null ? now : _lastUseful;
        _lastSymbol = now;
        BeginTurn(_chosen, version);
        _chosen = version;
        _blocks.Begin(version);
        TellNarrow(version);
        _demand.SetLayout(version.Layout);
        OpenGuessed();
        HurryAll(now);
    }

    /// <summary>Before the owner was told of the manifest, it can be taken back.</summary>
    private void ForgetVersion()
    {
        _blocks.Forget();
        _owesManifest = false;
        for (var count = _events.Count; count > 0; count--)
        {
            var fetchEvent = _events.Dequeue();
            if (fetchEvent.Kind != FetchEventKind.ManifestReady)
            {
                _events.Enqueue(fetchEvent);
            }
        }
    }

    private void HandleStatus(Instant now, FetchPath path, in StatusMessage status, ReadOnlySpan<byte> refused)
    {
        path.CeilingBytesPerSecond = status.CeilingBytesPerSecond;
        if (_chosen is null || status.Tag != _chosen.Tag || path.State is not (SourceState.Raining or SourceState.Silent))
        {
            return;
        }

        Revive(now, path);
        path.Sequences.OnSentBefore(status.NextSequence);
        path.Log.OnServed(status.Request, status.RequestOffset);
        LookForBlackHole(now, path, status.NextSequence);
        for (var i = 0; i < refused.Length; i += 4)
        {
            var number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(refused[i..]);
            if (path.Log.TryFind(number, out var index, out var item))
            {
                path.Refuse(now, item.BlockNumber);
                Withdraw(path, index);
            }
        }

        if (status.IsDry)
        {
            path.Rate.OnDry();
            if (path.Log.Outstanding > 0 || HasDeficit())
            {
                path.Hurry(now);
                _due = Instant.Min(_due, path.NextSubscribe);
            }
        }
    }

    private void HandleRefusal(Instant now, FetchPath path, SourceState state)
    {
        if (path.State == SourceState.Lied)
        {
            return;
        }

        WithdrawAll(path);
        path.State = state;
        path.IsValidated = false;
        path.HasGuesses = false;
        path.NextSubscribe = now + (state == SourceState.Busy ? BusyGap : ProbeGap);
        if (state == SourceState.NotFound)
        {
            path.Offer = null;
        }

        if (_chosen is null && _paths.TrueForAll(each =>
            each.State == SourceState.NotFound || (each.State == SourceState.Stale && _request.Version is not null)))
        {
            End(FetchEndReason.NotFound);
        }

        if (state == SourceState.Stale && !_isReleased && !HasEnded && !_paths.Exists(each => each.IsRaining))
        {
            // The one whose version was taken takes it back: those who were stale beside it need not wait until they are asked again.
            ChooseVersion(now);
        }

        HurryAll(now);
    }

    /// <summary>A source that was silent is heard again.</summary>
    private void Revive(Instant now, FetchPath path)
    {
        if (path.State == SourceState.Silent && path.Offer is not null && path.Offer == _chosen)
        {
            path.State = SourceState.Raining;
            path.Pace.BeginNext(now, path.Log.Outstanding, path.Rate.RoundTrip);
            path.Rate.Restart(now);
            path.Hurry(now);
            _due = Instant.Min(_due, path.NextSubscribe);
        }
    }
}
