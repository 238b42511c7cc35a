using MurkyWaters;

namespace Gateway.Rain;

/// <summary>One row of the subscriber table: a receiver that this node rains on just now.</summary>
/// <param name="Endpoint">Its address and port.</param>
/// <param name="Server">Which of this node's rain servers rains on it.</param>
/// <param name="Resource">The resource's id.</param>
/// <param name="RateBytesPerSecond">Bytes a second that it has granted.</param>
/// <param name="Droplets">Droplets sent to it.</param>
/// <param name="ExpiresInMs">Until it is forgotten, unless it is heard of again.</param>
/// <example>
/// {
/// "endpoint": "10.0.0.7:41772", "server": "10.0.0.1:1980", "resource": "42", "rateBytesPerSecond": 12500000, "droplets": 8817,
/// "expiresInMs": 4200
/// }
/// </example>
internal sealed record SubscriberView(
    string Endpoint, string Server, string Resource, long RateBytesPerSecond, long Droplets, long ExpiresInMs)
{
    public static SubscriberView Of(NodeSubscriber row) => new(
        row.Subscriber.Peer.ToString(),
        row.Listener.ToString(),
        row.Subscriber.Resource.ToString(),
        row.Subscriber.RateBytesPerSecond,
        row.Subscriber.Droplets,
        (long)row.Subscriber.ExpiresIn.TotalMilliseconds);
}
