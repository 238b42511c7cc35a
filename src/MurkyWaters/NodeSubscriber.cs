using System.Net;
using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>A subscriber of one of this node's listeners.</summary>
/// <param name="Listener">The listener that rains on it.</param>
/// <param name="Subscriber">Its row in that listener's table.</param>
public sealed record NodeSubscriber(IPEndPoint Listener, SubscriberSnapshot Subscriber);
