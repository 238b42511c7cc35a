namespace PouringRain.Protocol;

/// <summary>Finds the rate of one path; run by the receiver, which grants it to the sender.</summary>
internal interface IRateControl
{
    /// <summary>Bytes of datagrams a second that the sender may send now.</summary>
    long RateBytesPerSecond { get; }

    /// <summary>Bytes that may be on the way before the sender is heard again.</summary>
    long InFlightBytesMax { get; }

    /// <summary>What the path was found to carry, bytes a second; 0 until known.</summary>
    long BandwidthBytesPerSecond { get; }

    /// <summary>The least round-trip time of late, zero until known.</summary>
    TimeSpan RoundTripMin { get; }

    /// <summary>The smoothed round-trip time, zero until known.</summary>
    TimeSpan RoundTrip { get; }

    /// <summary>The share of droplets lost of late, 0 to 1.</summary>
    double LossRatio { get; }

    /// <summary>A droplet came.</summary>
    /// <param name="now">When.</param>
    /// <param name="serverTime">Its 24-bit timestamp in microseconds.</param>
    /// <param name="bytes">Its datagram's bytes.</param>
    void OnDroplet(Instant now, uint serverTime, int bytes);

    /// <summary>A round trip was measured.</summary>
    void OnRoundTrip(Instant now, TimeSpan roundTrip);

    /// <summary>The sender had nothing to send for a while: what is measured until it has again says nothing about the path.</summary>
    void OnDry();

    /// <summary>To be called before every grant.</summary>
    /// <param name="now">The time.</param>
    /// <param name="expected">Droplets that must have been sent since the last call.</param>
    /// <param name="received">Droplets of these that came.</param>
    /// <param name="grantInterval">Time between grants.</param>
    void OnGrant(Instant now, long expected, long received, TimeSpan grantInterval);

    /// <summary>The path was dead and lives again: what was measured may no longer hold.</summary>
    void Restart(Instant now);
}
