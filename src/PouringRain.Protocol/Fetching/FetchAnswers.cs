using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>What servers say of themselves and of what they were asked: OFFER, STATUS, NOT_FOUND, BUSY.</summary>
internal sealed class FetchAnswers
{
    private readonly ResourceId _resource;
    private readonly List<FetchPath> _paths;
    private readonly TokenCache _tokens;
    private readonly VersionChoice _versions;
    private readonly VersionTurns _turns;
    private readonly FetchOrders _orders;
    private readonly NarrowPaths _narrow;
    private readonly FetchNews _news;

    public FetchAnswers(
        ResourceId resource, List<FetchPath> paths, TokenCache tokens, VersionChoice versions, VersionTurns turns, FetchOrders orders,
        NarrowPaths narrow, FetchNews news)
    {
        _resource = resource;
        _paths = paths;
        _tokens = tokens;
        _versions = versions;
        _turns = turns;
        _orders = orders;
        _narrow = narrow;
        _news = news;
    }

    /// <summary>Takes a datagram that is no droplet; false when it is no answer.</summary>
    public bool Handle(Instant now, FetchPath path, MessageType type, ReadOnlySpan<byte> datagram)
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
                && message.Resource == _resource:
                path.OnHeard(now, datagram.Length);
                path.OnEcho(now, message.ClientTime, 0);
                HandleRefusal(now, path, type == MessageType.Busy ? SourceState.Busy : SourceState.NotFound);
                break;
            default:
                return false;
        }

        _versions.TellManifest(now);
        return true;
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

        if (path.HasLied)
        {
            return;
        }

        path.CeilingBytesPerSecond = offer.CeilingBytesPerSecond;
        path.HoldsAll = offer.IsComplete;
        if (!offer.IsAddressValidated && !isLate)
        {
            // What was asked without a good token was not heard.
            path.Pace.OnUnheard(path.IsRaining ? path.Log.Outstanding : 0);
            _orders.WithdrawAll(path);
            path.HasGuesses = false;
        }

        path.IsValidated |= offer.IsAddressValidated;
        if (!_versions.TakeOffer(now, path, OfferedVersion.From(offer, code)))
        {
            HandleRefusal(now, path, SourceState.Stale);
            return;
        }

        if (path.State == SourceState.Silent)
        {
            path.Rate.Restart(now);
        }

        path.State = path.IsRaining ? path.State : SourceState.Asked;
        _turns.Choose(now);
        if (path.IsRaining)
        {
            _orders.Hurry(now, path);
        }
    }

    private void HandleStatus(Instant now, FetchPath path, in StatusMessage status, ReadOnlySpan<byte> refused)
    {
        path.CeilingBytesPerSecond = status.CeilingBytesPerSecond;
        path.HoldsAll = status.IsComplete;
        if (_versions.Chosen is not { } chosen || status.Tag != chosen.Tag
            || path.State is not (SourceState.Raining or SourceState.Silent))
        {
            return;
        }

        _orders.Revive(now, path);
        path.Sequences.OnSentBefore(status.NextSequence);
        path.Log.OnServed(status.Request, status.RequestOffset);
        _narrow.OnAnswer(now, path, status.NextSequence);
        for (var i = 0; i < refused.Length; i += 4)
        {
            var number = BinaryPrimitives.ReadUInt32BigEndian(refused[i..]);
            if (path.Log.TryFind(number, out var index, out var item))
            {
                path.Refuse(now, item.BlockNumber);
                _orders.Withdraw(path, index);
            }
        }

        if (status.IsDry)
        {
            path.Rate.OnDry();
            if (path.Log.Outstanding > 0 || _orders.MayBring(path))
            {
                _orders.Hurry(now, path);
            }
        }
    }

    private void HandleRefusal(Instant now, FetchPath path, SourceState state)
    {
        if (path.HasLied)
        {
            return;
        }

        _orders.WithdrawAll(path);
        path.State = state;
        path.IsValidated = false;
        path.HasGuesses = false;
        path.NextSubscribe = now + (state == SourceState.Busy ? FetchPath.BusyGap : FetchPath.ProbeGap);
        if (state == SourceState.NotFound)
        {
            path.Offer = null;
        }

        if (_versions.Chosen is null && _paths.TrueForAll(each =>
            each.State == SourceState.NotFound || (each.State == SourceState.Stale && _versions.IsOneWanted)))
        {
            _news.End(FetchEndReason.NotFound);
        }

        if (state == SourceState.Stale && !_versions.IsReleased && !_news.HasEnded && !_paths.Exists(static each => each.IsRaining))
        {
            // The one whose version was taken takes it back: those who were stale beside it need not wait until they are asked again.
            _turns.Choose(now);
        }

        _orders.HurryAll(now);
    }
}
