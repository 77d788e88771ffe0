//! Gcore Video Streaming.
